import { bindActions } from '../../keys/bind.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { answerActions, askActions, historyActions, questionActions, showsSuggestions } from './actions.ts';
import { type AskModel, answerWithPassages, createAskModel } from './model.ts';
import { AskView } from './view.tsx';

/** From this width on the passages lie beside the answer. */
export const WIDE = 110;

/** Question, streamed answer, the passages it was made from, and the history. */
export function createAskScreen(context: ScreenContext): ScreenDefinition {
  const model = createAskModel(context);
  const { ask } = context;
  return {
    id: 'ask',
    key: '3',
    title: () => t('ask.title'),
    panes: [
      {
        id: 'question',
        title: () => t('ask.question'),
        editor: () => model.editor,
        actions: bindActions(questionActions, () => model),
      },
      {
        id: 'answer',
        title: () => t('ask.answer'),
        target: () => (showsSuggestions(model) ? model.suggestions : model.answer.stream),
        copy: () => sanitize(ask.getState().answer?.answer ?? '') || null,
        actions: bindActions(answerActions, () => model),
      },
      {
        id: 'passages',
        title: () => t('ask.passages'),
        target: () => model.passages,
        copy: () => model.passages.selected()?.text ?? null,
        focusable: () => !(model.historyShown() && context.ui.getState().size.columns >= WIDE),
      },
      {
        id: 'history',
        title: () => t('ask.history'),
        target: () => model.history,
        copy: () => model.history.selected()?.answer.answer ?? null,
        focusable: model.historyShown,
        actions: bindActions(historyActions, () => model),
      },
    ],
    layout: (rect) => layout(rect, model),
    view: (props) => <AskView model={model} {...props} />,
    actions: bindActions(askActions, () => model),
    modals: [
      {
        id: 'ask.messages',
        title: () => t('ask.messages'),
        width: 110,
        height: 40,
        view: ({ rect }) => <StreamView model={model.messages} width={rect.width} height={rect.height} />,
        target: () => model.messages,
        actions: [],
      },
    ],
    copyAll: () => {
      const { answer } = ask.getState();
      return answer ? answerWithPassages(answer) : null;
    },
    onEnter: () => {
      // Without the service there is no history yet; it is read again when it is opened.
      if (context.workspace.getState().connection === 'ready')
        ask
          .getState()
          .loadHistory()
          .catch(() => undefined);
    },
    back: () => {
      if (ask.getState().running) {
        ask.getState().cancel();
        return true;
      }
      if (!model.historyShown()) return false;
      model.showHistory(false);
      return true;
    },
  };
}

function layout(rect: Rect, model: AskModel): Record<string, Rect> {
  const questionRows = rect.height >= 30 ? 6 : 5;
  if (rect.width >= WIDE) {
    const [left, right] = splitColumns(rect, ['3fr', '2fr']);
    const [question, answer] = left ? splitRows(left, [questionRows, '1fr']) : [];
    if (!question || !answer || !right) return {};
    return model.historyShown() ? { question, answer, history: right } : { question, answer, passages: right };
  }
  const [question, lower] = splitRows(rect, [questionRows, '1fr']);
  return question && lower ? { question, [model.lower()]: lower } : {};
}
