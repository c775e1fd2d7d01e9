import type { RunningTask } from '../../../stores/datasets.ts';
import type { DatasetTask } from '../../datasets/task.ts';
import type { ScreenContext } from '../context.ts';

/** Runs a task when the one under way has ended: the store does one at a time. */
export async function runWhenFree({ datasets }: ScreenContext, task: DatasetTask): Promise<RunningTask> {
  while (datasets.getState().task?.state === 'running') {
    await new Promise<void>((resolve) => {
      const leave = datasets.subscribe((state) => {
        if (state.task?.state === 'running') return;
        leave();
        resolve();
      });
    });
  }
  return datasets.getState().run(task);
}
