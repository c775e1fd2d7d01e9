import { z } from 'zod';
import { contextsTask } from './tasks/contexts.ts';
import type { TaskContext } from './tasks/define.ts';
import { exportTask } from './tasks/export.ts';
import { importTask } from './tasks/import.ts';
import { previewTask } from './tasks/preview.ts';
import { splitTask } from './tasks/split.ts';

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
]);
export type DatasetTask = z.infer<typeof datasetTaskSchema>;

export const datasetTaskResultSchema = z.discriminatedUnion('op', [
  importTask.result,
  previewTask.result,
  splitTask.result,
  exportTask.result,
  contextsTask.result,
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
  }
}
