import type { DatasetTask, DatasetTaskResult } from '../../datasets/task.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';

/** Up to so many rows the check follows by itself: seconds. More are checked when they are asked for. */
const CHECKED_ROWS = 200_000;

/** Starts a task; how it ended is told in a toast, so that it is seen on every screen. Then a check, where rows are new. */
export function run(context: ScreenContext, task: DatasetTask): void {
  void runToEnd(context, task);
}

/** `run`, and what came of it; null when it failed or was cancelled, which is told. */
export async function runToEnd(context: ScreenContext, task: DatasetTask): Promise<DatasetTaskResult | null> {
  const { datasets, ui } = context;
  const { state, result, error } = await datasets.getState().run(task);
  const { toast } = ui.getState();
  if (state === 'cancelled') toast(t('datasets.cancelled'), 'warn');
  if (error) toast(`${error.message} ${error.hint}`.trim(), 'bad');
  if (!result) return null;
  tell(context, result);
  const dataset = CHECKS_AFTER.has(result.op) && 'dataset' in result ? result.dataset : null;
  const manifest = datasets.getState().list?.find(({ name }) => name === dataset);
  if (manifest && manifest.rows <= CHECKED_ROWS) void runToEnd(context, { op: 'check', dataset: manifest.name });
  return result;
}

const CHECKS_AFTER: ReadonlySet<string> = new Set(['import', 'split', 'fix', 'edit']);

function tell({ ui }: ScreenContext, result: DatasetTaskResult): void {
  const { toast } = ui.getState();
  if (result.op === 'import') {
    const { dataset, rows, added, skipped } = result;
    if (!added) toast(t('datasets.same', { dataset }));
    else toast(t(skipped > 0 ? 'datasets.importedSome' : 'datasets.imported', { dataset, rows, skipped }), 'good');
  }
  if (result.op === 'split')
    toast(t('datasets.splitDone', { dataset: result.dataset, name: result.split.name }), 'good');
  if (result.op === 'fix') toast(t('datasets.fixed', { changed: result.changed, dropped: result.dropped }), 'good');
  if (result.op === 'edit') toast(t('datasets.edited', { changed: result.changed, dropped: result.dropped }), 'good');
  if (result.op === 'check') {
    const { error, warning } = result.summary.severities;
    // What it found is its answer, not a fault of ours that would be counted in the status bar.
    toast(t('datasets.checked', { errors: error, warnings: warning }), error > 0 ? 'info' : 'good');
  }
}
