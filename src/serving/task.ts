import { z } from 'zod';
import { installedEngine } from '../engines/store.ts';
import { jobIdSchema } from '../jobs/types.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { ensureJob } from './llama.ts';
import { planStart, startPlanSchema, startRequestSchema } from './start-plan.ts';

/** What the deploy screen has done in a child process: model headers are read, servers waited for. */
export const serveTaskSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('plan'), request: startRequestSchema }),
  z.object({ op: z.literal('start'), request: startRequestSchema }),
]);
export type ServeTask = z.infer<typeof serveTaskSchema>;

export const serveTaskResultSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('plan'), plan: startPlanSchema }),
  z.object({ op: z.literal('start'), job: jobIdSchema }),
]);
export type ServeTaskResult = z.input<typeof serveTaskResultSchema>;

/** Does it. Errors: those of `planDeployment`, `makeRoom` and the launcher. */
export async function runServeTask(paths: WorkspacePaths, task: ServeTask): Promise<ServeTaskResult> {
  const plan = await planStart(paths, task.request);
  if (task.op === 'plan') return { op: 'plan', plan };
  if (plan.work.engine === 'vllm') installedEngine(paths, 'vllm');
  const { spec } = await ensureJob(paths, plan.work);
  return { op: 'start', job: spec.id };
}
