import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { type AskModel, nextSuggestion } from './model.ts';
import { chooseSetting } from './settings-menu.ts';

const ready = ({ context }: AskModel): true | string => {
  const { settings } = context.ask.getState();
  if (settings.kb === null) return t('ask.why.noKb');
  return settings.llm === null ? t('ask.why.noLlm') : true;
};

export const askActions: readonly Action<AskModel>[] = [
  {
    id: 'ask.cancel',
    title: 'Cancel',
    help: 'Stops the answer under way; what is there stays on the screen.',
    keys: ['x', 'ctrl+x'],
    rank: 2,
    inText: true,
    when: ({ context }) => (context.ask.getState().running ? true : t('ask.why.notRunning')),
    run: ({ context }) => context.ask.getState().cancel(),
  },
  {
    id: 'ask.settings',
    title: 'Settings',
    help: 'Changes the knowledge base, LLM, mode, number of passages, prompt and so on.',
    keys: ['s', 'ctrl+o'],
    rank: 3,
    inText: true,
    command: 'ragtui ask "question" --kb NAME --llm ID --mode MODE --top-k N --prompt NAME',
    run: ({ context }) => chooseSetting(context),
  },
  {
    id: 'ask.new',
    title: 'New thread',
    help: 'Begins anew: the next question does not carry the earlier ones along.',
    keys: ['n', 'ctrl+n'],
    rank: 6,
    inText: true,
    when: ({ context }) =>
      context.ask.getState().thread.length > 0 || context.ask.getState().answer ? true : t('ask.why.noThread'),
    run: ({ context }) => {
      context.ask.getState().newThread();
      context.ui.getState().setFocus('question', 'ask');
    },
  },
  {
    id: 'ask.history',
    title: 'History',
    help: 'Shows earlier questions and answers, or hides them.',
    keys: ['h', 'ctrl+r'],
    rank: 5,
    inText: true,
    run: (model) => {
      model.showHistory(!model.historyShown());
      return model.context.ask.getState().loadHistory();
    },
  },
  {
    id: 'ask.messages',
    title: 'Messages',
    help: 'Shows the exact messages that were sent to the LLM, with their tokens.',
    keys: ['m', 'f2'],
    rank: 7,
    inText: true,
    when: (model) => (model.sent().length > 0 ? true : t('ask.why.noMessages')),
    run: ({ openMessages }) => openMessages(),
  },
  {
    id: 'ask.reasoning',
    title: 'Thoughts',
    help: 'Shows or hides what a reasoning model thought before it answered.',
    keys: ['t'],
    when: ({ context }) => (context.ask.getState().answer?.reasoning ? true : t('ask.why.noReasoning')),
    run: ({ answer }) => answer.toggleReasoning(),
  },
];

export const questionActions: readonly Action<AskModel>[] = [
  {
    id: 'ask.send',
    title: 'Ask',
    help: 'Sends the question; an empty field sends the first suggestion. Alt+Enter makes a new line.',
    keys: ['enter'],
    rank: 1,
    inText: true,
    command: 'ragtui ask "question" --kb NAME',
    when: (model) => {
      const able = ready(model);
      if (able !== true) return able;
      const empty = model.editor.text().trim() === '' && !nextSuggestion(model.context.ask.getState());
      return empty ? t('ask.why.empty') : true;
    },
    run: ({ send }) => send(),
  },
];

export const answerActions: readonly Action<AskModel>[] = [
  {
    id: 'ask.suggested',
    title: 'Ask this',
    help: 'Asks the suggested question under the cursor.',
    keys: ['enter'],
    rank: 1,
    when: (model) => {
      if (!showsSuggestions(model)) return t('ask.why.noSuggestion');
      return model.suggestions.selected() ? ready(model) : t('ask.why.noSuggestion');
    },
    run: (model) => {
      const question = model.suggestions.selected();
      if (question) model.ask(question);
    },
  },
];

export const historyActions: readonly Action<AskModel>[] = [
  {
    id: 'ask.open',
    title: 'Open',
    help: 'Shows this answer with its passages.',
    keys: ['enter'],
    rank: 1,
    when: ({ history }) => (history.selected() ? true : t('ask.why.noEntry')),
    run: (model) => {
      const entry = model.history.selected();
      if (!entry) return;
      model.context.ask.getState().show(entry);
      model.showHistory(false);
      model.context.ui.getState().setFocus('answer', 'ask');
    },
  },
  {
    id: 'ask.again',
    title: 'Ask again',
    help: 'Asks this question again with the settings of now.',
    keys: ['a'],
    rank: 2,
    when: (model) => (model.history.selected() ? ready(model) : t('ask.why.noEntry')),
    run: (model) => {
      const entry = model.history.selected();
      if (!entry) return;
      model.context.ask.getState().newThread();
      model.showHistory(false);
      model.ask(entry.question);
    },
  },
  {
    id: 'ask.forget',
    title: 'Delete',
    help: 'Deletes this answer from the history.',
    keys: ['d', 'delete'],
    rank: 4,
    when: ({ history }) => (history.selected() ? true : t('ask.why.noEntry')),
    confirm: ({ history }) => t('ask.confirmForget', { question: history.selected()?.question ?? '' }),
    run: ({ history, context }) => {
      const entry = history.selected();
      return entry ? context.ask.getState().removeFromHistory(entry.id) : undefined;
    },
  },
];

/** The answer's place shows suggestions while there is neither an answer nor a question under way. */
export function showsSuggestions({ context }: AskModel): boolean {
  const { running, answer, suggestions } = context.ask.getState();
  return !running && !answer && suggestions.length > 0;
}
