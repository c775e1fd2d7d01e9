import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import { COLUMN_PANES, type CompareModel } from './model.ts';

/** From this width on columns lie side by side. */
const WIDE = 120;
/** A column beside others is at least so wide. */
const NARROWEST = 38;
/** Two rows of columns: each is at least so high. */
const LOWEST = 15;
/** The numbers below the columns take so many rows, where the columns keep theirs. */
const METRIC_ROWS = 16;
const ROWS_BESIDE_METRICS = 24;

/** Question above, below it columns (or history, or a dataset's questions), numbers at the bottom where there is room. */
export function compareLayout(rect: Rect, model: CompareModel): Record<string, Rect> {
  const { lower } = model.context.compare.getState();
  const [question, rest] = splitRows(rect, [rect.height >= 30 ? 6 : 5, '1fr']);
  if (!question || !rest) return {};
  if (lower !== 'columns') return { question, [lower]: rest };
  if (!model.showsMetrics()) return { question, ...columnPlaces(rest, model) };
  // Without room for both the numbers take the place of the columns.
  if (rest.height < METRIC_ROWS + ROWS_BESIDE_METRICS) return { question, metrics: rest };
  const [columns, metrics] = splitRows(rest, ['1fr', METRIC_ROWS]);
  if (!columns || !metrics) return { question };
  return { question, ...columnPlaces(columns, model), metrics };
}

/** As many columns as there is room for, the selected one among them; in two rows if all fit in then. */
function columnPlaces(rect: Rect, model: CompareModel): Record<string, Rect> {
  const count = model.shown().length;
  const fitting = rect.width >= WIDE ? Math.max(1, Math.floor(rect.width / NARROWEST)) : 1;
  if (count > fitting && count <= 2 * fitting && rect.height >= 2 * LOWEST) {
    const above = Math.ceil(count / 2);
    const [top, bottom] = splitRows(rect, ['1fr', '1fr']);
    return { ...beside(top, 0, above), ...beside(bottom, above, count - above) };
  }
  const shown = Math.min(count, fitting);
  const from = Math.max(0, Math.min(count - shown, model.selectedAt() - Math.floor(shown / 2)));
  return beside(rect, from, shown);
}

function beside(rect: Rect | undefined, from: number, count: number): Record<string, Rect> {
  if (!rect || count === 0) return {};
  const places = splitColumns(
    rect,
    Array.from({ length: count }, () => '1fr' as const),
  );
  return Object.fromEntries(places.map((place, i) => [COLUMN_PANES[from + i] ?? '', place]));
}
