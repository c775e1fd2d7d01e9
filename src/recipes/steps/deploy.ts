import { farLauncher } from '../../hosts/types.ts';
import { stopJob } from '../../jobs/control.ts';
import { listJobs, readJob } from '../../jobs/registry.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import { errorLine } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { planDeployment } from '../../serving/deploy.ts';
import { untilServed } from '../../serving/llama.ts';
import { startServer } from '../../serving/start.ts';
import { type ServeWork, vllmOptionsSchema } from '../../serving/types.ts';
import { listRecipeRuns } from '../control.ts';
import type { SpecOf } from '../plan.ts';
import { isMarkOf } from '../results.ts';
import type { MadeOf } from '../types.ts';
import { engineDigest, modelDigest } from './facts.ts';
import { modelName, type Needs, type World } from './types.ts';

type Deploy = SpecOf<'deploy'>;

/** What of a server decides its answers: how it is started, and with what. */
export function deployFacts(
  { paths }: Pick<World, 'paths'>,
  { model, adapters, engine, launcher }: Deploy,
  needs: Needs,
): unknown {
  const own = [model, ...adapters].filter((name) => modelName(needs, name) === name);
  return [
    own.map((name) => modelDigest(paths, name)),
    engine === 'vllm' ? engineDigest(paths, 'vllm', farLauncher(launcher)) : null,
  ];
}

function workOf(paths: WorkspacePaths, spec: Deploy, needs: Needs): ServeWork {
  const vllm = {
    dtype: spec.dtype,
    quantization: spec.quantization,
    gpuMemoryUtilization: spec['gpu-memory'],
    tensorParallel: spec['tensor-parallel'],
    pipelineParallel: spec['pipeline-parallel'],
    dataParallel: spec['data-parallel'],
    ray: spec.ray,
    maxNumSeqs: spec['max-num-seqs'],
  };
  const said = Object.fromEntries(Object.entries(vllm).filter(([, value]) => value !== undefined));
  const { engine, context, 'kv-gib': kvCacheGiB } = spec;
  const launcher = farLauncher(spec.launcher);
  return planDeployment(paths, {
    model: modelName(needs, spec.model),
    adapters: spec.adapters.map((adapter) => modelName(needs, adapter)),
    vllm: vllmOptionsSchema.parse(said),
    ...(engine === undefined ? {} : { engine }),
    ...(context === undefined ? {} : { contextTokens: context }),
    ...(kvCacheGiB === undefined ? {} : { kvCacheGiB }),
    ...(launcher === undefined ? {} : { launcher }),
  });
}

/**
 * The server of a deployment, answering: one that was started for this very step before a kill, where the step wants it now;
 * one that serves the same already, or a new one. One of this step that is elsewhere, or whose job was killed while it goes
 * on on its host, is stopped first; one elsewhere that cannot be reached keeps nobody from serving here, and one that
 * another recipe asks just now stays. Errors: those of `planDeployment`, `startServer` (`exists`: that other one) and `stopJob`.
 */
export async function ensureServed(
  { paths, signal }: World,
  {
    spec,
    needs,
    mark,
    name,
    tell,
    note,
  }: {
    readonly spec: Deploy;
    readonly needs: Needs;
    readonly mark: string;
    readonly name: string;
    readonly tell: (text: string) => void;
    readonly note: (text: string) => void;
  },
): Promise<{ job: JobView; made: Omit<MadeOf<'server'>, 'digest'> }> {
  const work = workOf(paths, spec, needs);
  const options = { signal, onStatus: tell };
  const isThere = ({ spec: { work: running } }: JobView) =>
    running.kind === 'serve' && running.launcher === work.launcher;
  const before = serversOf(paths, mark).find(isThere);
  const isShared = askers(paths, mark) > 1;
  for (const other of startedFor(paths, mark)) {
    if (other.spec.id === before?.spec.id || (isShared && !isOver(other.state))) continue;
    try {
      await stopJob(paths, other.spec.id);
    } catch (error) {
      if (isThere(other)) throw error;
      note(goesOn(other, error));
    }
  }
  const job = before ?? (await startServer(paths, work, { ...options, launch: { name, step: mark } }));
  await untilServed(paths, job.spec.id, work.model, options);
  const view = readJob(paths, job.spec.id);
  const adapters = work.adapters.map((adapter) => adapter.name);
  return {
    job: view,
    made: {
      type: 'server',
      model: work.model,
      adapters,
      engine: work.engine,
      ...(work.launcher === undefined ? {} : { launcher: work.launcher }),
      readySeconds: secondsToReady(view),
    },
  };
}

/** Servers that a step started and that run, or that may go on on another host although their job was killed. */
const startedFor = (paths: WorkspacePaths, mark: string): JobView[] =>
  listJobs(paths).filter(
    ({ spec, state, far }) =>
      spec.step === mark && spec.work.kind === 'serve' && (!isOver(state) || far?.open === true),
  );

/** How many recipes, of those that are being done, ask the server of a step or are about to. */
const askers = (paths: WorkspacePaths, mark: string): number =>
  listRecipeRuns(paths).filter(
    ({ view, status }) =>
      !isOver(view.state) &&
      status?.steps.some(
        ({ kind, key, state }) => kind === 'deploy' && state === 'running' && key !== null && isMarkOf(mark, key),
      ),
  ).length;

/** Servers that a step started and that run. */
export const serversOf = (paths: WorkspacePaths, mark: string): JobView[] =>
  startedFor(paths, mark).filter(({ state }) => !isOver(state));

/** Stops the servers that a step started; those of somebody else go on. `note` hears of one that cannot be stopped. */
export async function stopServed(paths: WorkspacePaths, mark: string, note: (text: string) => void): Promise<void> {
  for (const job of startedFor(paths, mark)) {
    try {
      const { far, reason } = await stopJob(paths, job.spec.id);
      if (far?.open) note(`${job.spec.id}: ${reason}`);
    } catch (error) {
      note(goesOn(job, error));
    }
  }
}

const goesOn = ({ spec }: JobView, error: unknown): string =>
  `${spec.id} may go on where it serves: ${errorLine(error)} Later: ragtui jobs stop ${spec.id}`;

function secondsToReady({ spec, startedAt }: JobView): number | null {
  if (startedAt === null) return null;
  const seconds = (Date.now() - Date.parse(spec.createdAt)) / 1000;
  return seconds >= 0 ? seconds : null;
}
