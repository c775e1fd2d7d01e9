import { z } from 'zod';
import { jobIdSchema } from '../jobs/types.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type ChangedAdapter, loadAdapterVersion, rollbackAdapter, unloadAdapterVersions } from './adapters/change.ts';
import { serveBeside } from './beside.ts';
import { holdingOf, holdingSchema, takeMemory, wake } from './hand-over.ts';
import { startServer } from './start.ts';
import { planStart, startPlanSchema, startRequestSchema } from './start-plan.ts';
import { serveEngineSchema } from './types.ts';

/** What the deploy screen has done in a child process: model headers are read, servers waited for. */
export const serveTaskSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('plan'), request: startRequestSchema }),
  z.object({ op: z.literal('start'), request: startRequestSchema }),
  /** `NAME=PATH`, or `NAME` of the list of models. */
  z.object({ op: z.literal('load'), server: jobIdSchema, adapter: z.string().min(1) }),
  z.object({ op: z.literal('unload'), server: jobIdSchema, name: z.string().min(1) }),
  /** An adapter beside its base. */
  z.object({ op: z.literal('beside'), name: z.string().min(1) }),
  /** What a server holds, and what taking it costs. */
  z.object({ op: z.literal('holding'), server: jobIdSchema }),
  z.object({ op: z.literal('take'), server: jobIdSchema }),
  z.object({ op: z.literal('wake'), server: jobIdSchema }),
  z.object({ op: z.literal('roll'), server: jobIdSchema, name: z.string().min(1), to: z.enum(['back', 'forward']) }),
]);
export type ServeTask = z.input<typeof serveTaskSchema>;

export const serveTaskResultSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('plan'), plan: startPlanSchema }),
  z.object({ op: z.literal('start'), job: jobIdSchema }),
  z.object({ op: z.literal('beside'), base: z.string(), engine: serveEngineSchema }),
  z.object({ op: z.literal('holding'), holding: holdingSchema }),
  z.object({ op: z.literal('done') }),
  /** The version that an adapter's name means now; null = it has none left. */
  z.object({ op: z.literal('changed'), version: z.number().int().nullable() }),
]);
export type ServeTaskResult = z.input<typeof serveTaskResultSchema>;

/** Does it. Errors: those of `planDeployment`, `makeRoom` and the launcher. */
export async function runServeTask(
  paths: WorkspacePaths,
  task: z.output<typeof serveTaskSchema>,
): Promise<ServeTaskResult> {
  switch (task.op) {
    case 'plan':
    case 'start':
      return await planOrStart(paths, task);
    case 'load':
      return changed(await loadAdapterVersion(paths, task.adapter, { job: task.server }));
    case 'unload':
      return changed(await unloadAdapterVersions(paths, task.name, { job: task.server }));
    case 'beside': {
      const { base, engine } = await serveBeside(paths, task.name);
      return { op: 'beside', base, engine };
    }
    case 'holding':
      return { op: 'holding', holding: await holdingOf(paths, task.server) };
    case 'take':
      await takeMemory(paths, await holdingOf(paths, task.server));
      return { op: 'done' };
    case 'wake':
      await wake(paths, task.server);
      return { op: 'done' };
    case 'roll':
      return changed(await rollbackAdapter(paths, task.name, task.to, { job: task.server }));
  }
}

const changed = ({ current }: ChangedAdapter): ServeTaskResult => ({
  op: 'changed',
  version: current?.version ?? null,
});

async function planOrStart(
  paths: WorkspacePaths,
  task: Extract<z.output<typeof serveTaskSchema>, { op: 'plan' | 'start' }>,
): Promise<ServeTaskResult> {
  const plan = await planStart(paths, task.request);
  if (task.op === 'plan') return { op: 'plan', plan };
  const { spec } = await startServer(paths, plan.work, { swap: task.request.swap });
  return { op: 'start', job: spec.id };
}
