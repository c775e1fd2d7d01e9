import { errorLine, toRagtuiError } from '../../platform/errors.ts';
import { t } from '../../ui/i18n/index.ts';
import type { HighlightRange } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import { drawable } from '../drawable.ts';

/** A row as a model's own chat template writes it, with its tokens; the target is lit. */
export interface ShownPrompt {
  readonly text: string;
  readonly lit: readonly HighlightRange[];
}

/** Renders rows through one model's template, the row asked for last alone. */
export interface PromptModel {
  /** The model chosen, else the LLM that answers, else the first here; null: messages alone. */
  readonly model: () => string | null;
  readonly choose: (done: () => void) => void;
  readonly show: (dataset: string, row: number, put: (shown: ShownPrompt) => void) => void;
  readonly stop: () => void;
}

export function createPromptModel(context: ScreenContext): PromptModel {
  let chosen: string | null | undefined;
  let asking: AbortController | undefined;
  const here = (): readonly { id: string; title: string }[] =>
    (context.models.getState().list ?? [])
      .filter(({ entry, state }) => entry.kind === 'chat' && state === 'present')
      .map(({ entry: { id, title } }) => ({ id, title }));
  const model = (): string | null => {
    if (chosen !== undefined) return chosen;
    const { llm } = context.ask.getState().settings;
    const models = here();
    return (models.find(({ id }) => id === llm) ?? models[0])?.id ?? null;
  };

  async function render(dataset: string, row: number, put: (shown: ShownPrompt) => void): Promise<void> {
    const id = model();
    if (id === null) return;
    const mine = new AbortController();
    asking = mine;
    try {
      const result = await context.datasets.getState().aside(
        {
          op: 'render',
          dataset,
          row,
          model: id,
          prompt: null,
          template: { name: 'sft', text: null },
          markers: null,
          schema: null,
        },
        mine.signal,
      );
      if (mine.signal.aborted || result.op !== 'render' || !result.rendered) return;
      const { prompt, target, promptTokens, targetTokens, exact } = result.rendered;
      const counts = { model: id, prompt: promptTokens, target: targetTokens };
      const head = `${exact ? '' : '≈ '}${t('datasets.promptTokens', counts)}\n\n${drawable(prompt)}`;
      const text = head + drawable(target);
      put({ text, lit: [{ start: head.length, end: text.length }] });
    } catch (error) {
      if (!mine.signal.aborted && toRagtuiError(error).code !== 'cancelled') put({ text: errorLine(error), lit: [] });
    }
  }

  return {
    model,
    choose: (done) =>
      context.ui.getState().choose({
        title: t('datasets.promptModel'),
        choices: [...here(), { id: '', title: t('datasets.messagesAlone') }],
        selected: model() ?? '',
        pick: (id) => {
          chosen = id === '' ? null : id;
          done();
        },
      }),
    show: (dataset, row, put) => {
      asking?.abort();
      void render(dataset, row, put);
    },
    stop: () => asking?.abort(),
  };
}
