import { bindActions } from '../../keys/bind.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { compareActions } from './actions.ts';
import { comparisonText } from './messages.ts';
import { COLUMN_PANES, type CompareModel, createCompareModel, saidBy } from './model.ts';
import { CompareView } from './view.tsx';

/** From this width on columns lie side by side. */
export const WIDE = 120;
/** A column beside others is at least so wide. */
const NARROWEST = 38;

/** One question, several columns: what each answers, found and took. */
export function createCompareScreen(context: ScreenContext): ScreenDefinition {
  const model = createCompareModel(context);
  const { compare, ask } = context;
  return {
    id: 'compare',
    number: 7,
    title: () => t('compare.title'),
    panes: [
      { id: 'question', title: () => t('ask.question'), editor: () => model.editor },
      ...COLUMN_PANES.map((id, at) => ({
        id,
        title: () => t('compare.column', { number: at + 1 }),
        focusable: () => at < compare.getState().slots.length,
        target: () => {
          const slot = compare.getState().slots[at];
          if (!slot) return null;
          return model.body() === 'answers' ? model.answer(slot.id) : model.passages(slot.id);
        },
        copy: () => {
          const { slots, run } = compare.getState();
          return sanitize(saidBy(run?.columns.get(slots[at]?.id ?? -1))) || null;
        },
      })),
    ],
    layout: (rect) => layout(rect, model),
    view: (props) => <CompareView model={model} {...props} />,
    actions: bindActions(compareActions, () => model),
    modals: [
      {
        id: 'compare.text',
        title: () => t('compare.text'),
        width: 110,
        height: 40,
        view: ({ rect }) => <StreamView model={model.text} width={rect.width} height={rect.height} />,
        target: () => model.text,
        actions: [],
      },
    ],
    copyAll: () => {
      const { run, slots } = compare.getState();
      if (!run) return null;
      const columns = slots.flatMap(({ id }) => run.columns.get(id) ?? []);
      return `${comparisonText(run.question, columns)}\n\n${model.command()}`;
    },
    onEnter: () => {
      const { kb, llm } = ask.getState().settings;
      compare.getState().refresh({ kb, llm });
    },
    back: () => {
      if (!compare.getState().run?.underWay) return false;
      compare.getState().cancel();
      return true;
    },
  };
}

/** As many columns as there is room for, the selected one among them. */
function layout(rect: Rect, model: CompareModel): Record<string, Rect> {
  const [question, lower] = splitRows(rect, [rect.height >= 30 ? 5 : 4, '1fr']);
  if (!question || !lower) return {};
  const count = model.context.compare.getState().slots.length;
  const fitting = rect.width >= WIDE ? Math.max(1, Math.floor(rect.width / NARROWEST)) : 1;
  const shown = Math.min(count, fitting);
  if (shown === 0) return { question };
  const from = Math.max(0, Math.min(count - shown, model.selectedAt() - Math.floor(shown / 2)));
  const places = splitColumns(
    lower,
    Array.from({ length: shown }, () => '1fr' as const),
  );
  const columns = places.map((place, i) => [COLUMN_PANES[from + i] ?? '', place] as const);
  return { question, ...Object.fromEntries(columns) };
}
