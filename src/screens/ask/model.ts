import type { AskState, HistoryEntry } from '../../../stores/ask.ts';
import type { Hit } from '../../kb/types.ts';
import { sanitize } from '../../platform/sanitize.ts';
import type { Answer, Message } from '../../rag/types.ts';
import { createEditorModel, type EditorModel } from '../../ui/editor-model.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { createStreamModel, type StreamModel } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import { type AnswerText, createAnswerText } from './answer-text.ts';
import { messagesText } from './messages.ts';

export interface AskModel {
  readonly context: ScreenContext;
  readonly editor: EditorModel;
  readonly answer: AnswerText;
  readonly passages: ListModel<Hit>;
  readonly suggestions: ListModel<string>;
  readonly history: ListModel<HistoryEntry>;
  readonly messages: StreamModel;
  /** Which of the panes beside the question is on screen when there is room for one only. */
  readonly lower: () => 'answer' | 'passages' | 'history';
  readonly historyShown: () => boolean;
  readonly showHistory: (shown: boolean) => void;
  readonly send: () => void;
  readonly ask: (question: string) => void;
  readonly openMessages: () => void;
  /** The messages of the answer on screen. */
  readonly sent: () => readonly Message[];
}

const NO_HITS: readonly Hit[] = [];
const NO_MESSAGES: readonly Message[] = [];

export function createAskModel(context: ScreenContext): AskModel {
  const { ask, ui } = context;
  const editor = createEditorModel({ multiline: true });
  const answer = createAnswerText(ask);
  let historyShown = false;
  let lower: 'answer' | 'passages' | 'history' = 'answer';

  const hits = (): readonly Hit[] => {
    const { running, answer: done } = ask.getState();
    return running ? (running.search?.hits ?? NO_HITS) : (done?.hits ?? NO_HITS);
  };
  const passages = createListModel<Hit>({ items: hits, key: (hit) => String(hit.chunkId) });
  const suggestions = createListModel<string>({ items: () => ask.getState().suggestions, key: (text) => text });
  const history = createListModel<HistoryEntry>({
    items: () => ask.getState().history ?? [],
    key: ({ id }) => String(id),
    text: ({ question, kb, answer: given }) => `${question} ${kb} ${given.answer}`,
  });
  const messages = createStreamModel();

  const start = (question: string): void => {
    historyShown = false;
    lower = 'answer';
    passages.edge('first');
    // Asking takes long; the action ends here and the screen shows the rest.
    void ask.getState().ask(question);
  };

  // The questions asked before, oldest first, for "up" in the field.
  let known: readonly string[] = [];
  ask.subscribe(({ asked }) => {
    if (asked === known) return;
    known = asked;
    const entries = [...asked].reverse();
    editor.store.setState({ history: entries, historyIndex: entries.length });
  });
  ui.subscribe((state, before) => {
    const focus = state.focus['ask'];
    if (focus === before.focus['ask']) return;
    if (focus === 'answer' || focus === 'passages') lower = focus;
    if (focus === 'history') {
      lower = 'history';
      historyShown = true;
    }
  });

  return {
    context,
    editor,
    answer,
    passages,
    suggestions,
    history,
    messages,
    lower: () => (lower === 'history' && !historyShown ? 'answer' : lower),
    historyShown: () => historyShown,
    showHistory: (shown) => {
      historyShown = shown;
      lower = shown ? 'history' : 'answer';
      ui.getState().setFocus(shown ? 'history' : 'question', 'ask');
    },
    send: () => {
      const text = editor.text().trim() === '' ? (nextSuggestion(ask.getState()) ?? '') : editor.submit();
      if (text) start(text);
    },
    ask: start,
    sent: () => {
      const { running, answer: done } = ask.getState();
      return running ? running.messages : (done?.messages ?? NO_MESSAGES);
    },
    openMessages: () => {
      const { running, answer: done } = ask.getState();
      messages.set(messagesText(running, done));
      messages.edge('first');
      ui.getState().open({ kind: 'modal', id: 'ask.messages' });
    },
  };
}

/** The first suggestion that was not asked yet. Pure. */
export function nextSuggestion({ suggestions, asked }: Pick<AskState, 'suggestions' | 'asked'>): string | undefined {
  return suggestions.find((question) => !asked.includes(question));
}

/** The answer with its passages, for the clipboard. Pure. */
export function answerWithPassages(answer: Answer): string {
  const passages = answer.hits.map((hit) => `[${hit.rank}] ${hit.document}\n${hit.text}`);
  return sanitize([answer.question, '', answer.answer, '', ...passages].join('\n'));
}
