import type { z } from 'zod';
import type { WorkspacePaths } from '../../platform/paths.ts';

/** How far a task is: `done` of `total` (bytes, or rows where there are no bytes), and rows made so far. */
export interface TaskReport {
  readonly done: number;
  readonly total: number;
  readonly rows: number;
}

export interface TaskContext {
  readonly paths: WorkspacePaths;
  readonly onProgress: (progress: TaskReport) => void;
}

/**
 * One kind of work on a dataset: what it is asked, what it answers, and how it is done. The screens load the schemas
 * with this file, so `run` imports what does the work when it is called.
 */
export interface TaskDefinition<T extends z.ZodType, R extends z.ZodType> {
  readonly task: T;
  readonly result: R;
  run(context: TaskContext, task: z.output<T>): Promise<z.output<R>>;
}

export function defineTask<T extends z.ZodType, R extends z.ZodType>(
  definition: TaskDefinition<T, R>,
): TaskDefinition<T, R> {
  return definition;
}
