import { z } from 'zod';
import { besideTask } from './tasks/beside.ts';
import { checkTask } from './tasks/check.ts';
import { contextsTask } from './tasks/contexts.ts';
import type { TaskContext } from './tasks/define.ts';
import { diffTask } from './tasks/diff.ts';
import { editTask } from './tasks/edit.ts';
import { exportTask } from './tasks/export.ts';
import { fixTask } from './tasks/fix.ts';
import { importTask } from './tasks/import.ts';
import { prepareTask } from './tasks/prepare.ts';
import { prepareTrainingTask } from './tasks/prepare-training.ts';
import { previewTask } from './tasks/preview.ts';
import { renderTask } from './tasks/render.ts';
import { dropFalseTask, quarantineTask, reviewTask } from './tasks/review.ts';
import { splitTask } from './tasks/split.ts';
import { viewTask } from './tasks/view.ts';

/**
 * Work on a dataset that a child process does for the screens: it may take longer than a frame. Each kind of work is
 * a file in `tasks/`; a new one needs that file, a line in both unions and a line in `runDatasetTask`.
 */
export const datasetTaskSchema = z.discriminatedUnion('op', [
  importTask.task,
  previewTask.task,
  splitTask.task,
  exportTask.task,
  contextsTask.task,
  checkTask.task,
  fixTask.task,
  renderTask.task,
  reviewTask.task,
  quarantineTask.task,
  dropFalseTask.task,
  besideTask.task,
  prepareTask.task,
  prepareTrainingTask.task,
  viewTask.task,
  editTask.task,
  diffTask.task,
]);
export type DatasetTask = z.infer<typeof datasetTaskSchema>;

export const datasetTaskResultSchema = z.discriminatedUnion('op', [
  importTask.result,
  previewTask.result,
  splitTask.result,
  exportTask.result,
  contextsTask.result,
  checkTask.result,
  fixTask.result,
  renderTask.result,
  reviewTask.result,
  quarantineTask.result,
  dropFalseTask.result,
  besideTask.result,
  prepareTask.result,
  prepareTrainingTask.result,
  viewTask.result,
  editTask.result,
  diffTask.result,
]);
export type DatasetTaskResult = z.infer<typeof datasetTaskResultSchema>;

/** Does one task. Errors: those of the work it names. */
export function runDatasetTask(
  paths: TaskContext['paths'],
  task: DatasetTask,
  onProgress: TaskContext['onProgress'],
): Promise<DatasetTaskResult> {
  const context: TaskContext = { paths, onProgress };
  switch (task.op) {
    case 'import':
      return importTask.run(context, task);
    case 'preview':
      return previewTask.run(context, task);
    case 'split':
      return splitTask.run(context, task);
    case 'export':
      return exportTask.run(context, task);
    case 'contexts':
      return contextsTask.run(context, task);
    case 'check':
      return checkTask.run(context, task);
    case 'fix':
      return fixTask.run(context, task);
    case 'render':
      return renderTask.run(context, task);
    case 'review':
      return reviewTask.run(context, task);
    case 'quarantine':
      return quarantineTask.run(context, task);
    case 'drop-false':
      return dropFalseTask.run(context, task);
    case 'beside':
      return besideTask.run(context, task);
    case 'prepare':
      return prepareTask.run(context, task);
    case 'prepare-training':
      return prepareTrainingTask.run(context, task);
    case 'view':
      return viewTask.run(context, task);
    case 'edit':
      return editTask.run(context, task);
    case 'diff':
      return diffTask.run(context, task);
  }
}
