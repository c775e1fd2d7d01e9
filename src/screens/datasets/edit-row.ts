import { readEditedRow, rowAsText } from '../../datasets/view/edited-row.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import type { DatasetsModel } from './model.ts';
import { runToEnd } from './run.ts';

/** Opens the row of the inspector in the user's editor; what comes back is a new version. */
export async function editRow(model: DatasetsModel, text?: string): Promise<void> {
  const { context } = model;
  const { open, rows, list } = context.datasets.getState();
  const kind = list?.find(({ name }) => name === rows?.dataset)?.kind;
  if (!open || !rows || !kind) return;
  const edited = await context.edit(text ?? rowAsText(open.row), `row-${open.number}.json`);
  const read = readEditedRow(kind, open.row, edited);
  const { toast, confirm } = context.ui.getState();
  if (read.state === 'same') return toast(t('datasets.sameRow'));
  if (read.state === 'bad') {
    const where = read.line === null ? '' : `${t('datasets.line', { line: read.line })}: `;
    const why = sanitizeLine(where + read.why);
    return confirm({
      title: t('datasets.badRow'),
      text: t('datasets.badRow.text', { why }),
      run: () => editRow(model, edited),
    });
  }
  const { dataset, version } = rows;
  const set = [{ row: open.number, value: read.row }];
  // The action is over when the editor is: the work shows its own progress.
  void runToEnd(context, { op: 'edit', dataset, version, drop: [], set }).then((result) => {
    if (result) model.goTo(open.number);
  });
}
