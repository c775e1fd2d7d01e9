import type { AskSettings } from '../../../stores/ask.ts';
import { availableLlms } from '../../../stores/defaults.ts';
import type { Choice } from '../../../stores/ui.ts';
import type { SearchMode } from '../../kb/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';

const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];
const TOP_K: readonly number[] = [1, 2, 3, 5, 8, 10, 20];
const OFF = 'off';

const FIELDS = ['kb', 'llm', 'mode', 'topK', 'prompt', 'instruction', 'group', 'reranker', 'maxTokens'] as const;
type Field = (typeof FIELDS)[number];
const MAX_TOKENS: readonly number[] = [64, 128, 256, 512, 1024];

/** What is set, in the words of the settings row. */
export function settingText(settings: AskSettings, field: Field): string {
  switch (field) {
    case 'kb':
      return settings.kb ?? t('ask.noKb');
    case 'llm':
      return settings.llm ?? t('ask.noLlm');
    case 'mode':
      return t(`kb.mode.${settings.mode}`);
    case 'topK':
      return String(settings.topK);
    case 'prompt':
      return settings.prompt;
    case 'instruction':
      return settings.instruction ? t('ask.on') : t('ask.off');
    case 'group':
      return settings.group ?? t('ask.defaultGroup');
    case 'reranker':
      return settings.reranker ?? t('ask.off');
    case 'maxTokens':
      return String(settings.sampling.maxTokens);
  }
}

/** Opens a chooser of the settings, then one of the values of the setting chosen. */
export function chooseSetting(context: ScreenContext): void {
  const { settings } = context.ask.getState();
  context.ui.getState().choose({
    title: t('ask.settings'),
    choices: FIELDS.map((id) => ({ id, title: t(`ask.field.${id}`), note: settingText(settings, id) })),
    pick: (id) => {
      const field = FIELDS.find((each) => each === id);
      if (field) chooseValue(context, field);
    },
  });
}

export function chooseValue(context: ScreenContext, field: Field): void {
  const { settings } = context.ask.getState();
  context.ui.getState().choose({
    title: t(`ask.field.${field}`),
    choices: valuesOf(context, field),
    selected: currentId(settings, field),
    pick: (id) => context.ask.getState().configure(changeOf(settings, field, id)),
  });
}

function valuesOf(context: ScreenContext, field: Field): readonly Choice[] {
  const plain = (ids: readonly string[]): Choice[] => ids.map((id) => ({ id, title: id }));
  const base = context.kb.getState().list?.find(({ name }) => name === context.ask.getState().settings.kb);
  switch (field) {
    case 'kb':
      return (context.kb.getState().list ?? []).map(({ name, documents }) => ({
        id: name,
        title: name,
        note: t('kb.documentCount', { count: documents }),
      }));
    case 'llm':
      return plain(availableLlms(context.models));
    case 'mode':
      return MODES.map((id) => ({ id, title: t(`kb.mode.${id}`), note: t(`kb.mode.${id}.note`) }));
    case 'topK':
      return plain(TOP_K.map(String));
    case 'maxTokens':
      return plain(MAX_TOKENS.map(String));
    case 'prompt':
      return plain(['default', 'tutorial', ...Object.keys(context.settings.getState().settings.prompts)]);
    case 'instruction':
      return [
        { id: 'on', title: t('ask.on') },
        { id: OFF, title: t('ask.off') },
      ];
    case 'group':
      return plain((base?.groups ?? []).map(({ name }) => name));
    case 'reranker': {
      const here = (context.models.getState().list ?? []).filter(
        ({ entry, state }) => entry.kind === 'reranker' && state === 'present',
      );
      return [{ id: OFF, title: t('ask.off') }, ...here.map(({ entry }) => ({ id: entry.id, title: entry.title }))];
    }
  }
}

function currentId(settings: AskSettings, field: Field): string {
  switch (field) {
    case 'instruction':
      return settings.instruction ? 'on' : OFF;
    case 'mode':
      return settings.mode;
    case 'reranker':
      return settings.reranker ?? OFF;
    default:
      return settingText(settings, field);
  }
}

function changeOf(settings: AskSettings, field: Field, id: string): Partial<AskSettings> {
  switch (field) {
    case 'kb':
    case 'llm':
    case 'prompt':
    case 'group':
      return { [field]: id };
    case 'mode':
      return { mode: MODES.find((mode) => mode === id) ?? settings.mode };
    case 'topK':
      return { topK: Number(id) };
    case 'maxTokens':
      return { sampling: { ...settings.sampling, maxTokens: Number(id) } };
    case 'instruction':
      return { instruction: id === 'on' };
    case 'reranker':
      return { reranker: id === OFF ? undefined : id };
  }
}
