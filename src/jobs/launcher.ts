import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { refuseDrained, whyDrained } from '../hosts/store.ts';
import { hostOf } from '../hosts/types.ts';
import { workerPath } from '../platform/entry.ts';
import { errnoOf, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { syncPath } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { spawnDetached, waitUntil } from '../platform/processes.ts';
import { type JobFiles, jobFiles } from './folder.ts';
import { storeIdentity } from './identity.ts';
import { listJobs, readJob } from './registry.ts';
import {
  type ArraySeat,
  isOver,
  type JobSpec,
  type JobView,
  type JobWork,
  jobIdSchema,
  jobSpecSchema,
  launcherName,
} from './types.ts';

const START_TIMEOUT_MS = 20_000;

export interface LaunchOptions {
  readonly name?: string | undefined;
  /** The step of a recipe that it does. */
  readonly step?: string | undefined;
  readonly array?: ArraySeat | undefined;
}

/**
 * Starts a job: its spec is on disk before anything runs, and a supervisor in a session of its own runs the worker, so
 * that the job outlives whoever launched it. Resolves when the supervisor has taken over.
 * Errors: `unavailable` when the supervisor does not start or the host is drained, `busy` when another job trains under that name, `disk-full`,
 * `permission`.
 */
export async function launchJob(
  paths: WorkspacePaths,
  work: JobWork,
  options: LaunchOptions & { /** Replaced in tests. */ readonly supervisor?: string } = {},
): Promise<JobView> {
  const program = options.supervisor ?? workerPath('supervisor');
  if (!existsSync(program)) {
    throw new RagtuiError('unavailable', `${program} is not built.`, 'Run `npm run setup` in the ragtui folder.');
  }
  assertTaken(paths, work);
  assertAlone(paths, work);
  const { spec, folder } = createFolder(paths, work, options);
  const files = jobFiles(folder);
  // Until there is a supervisor the job is ours: nobody who looks in between finds it lost.
  storeIdentity(files.supervisor, process.pid);
  writeSpec(files, spec);
  const supervisor = spawnDetached(process.execPath, [program, folder], {
    logFolder: folder,
    env: {
      ...process.env,
      RAGTUI_HOME: paths.home,
      RAGTUI_MODELS_CACHE: paths.models,
      RAGTUI_ENGINES_CACHE: paths.engines,
    },
  });
  let failed: Error | undefined;
  supervisor.on('error', (error) => (failed = error));
  // Also written by the supervisor itself: like this the job is never without an owner, whoever dies first.
  if (supervisor.pid !== undefined) storeIdentity(files.supervisor, supervisor.pid);

  const over = () => failed !== undefined || supervisor.exitCode !== null || supervisor.signalCode !== null;
  await waitUntil(() => existsSync(files.state) || over(), START_TIMEOUT_MS, 10);
  if (!existsSync(files.state)) {
    if (supervisor.pid === undefined) rmSync(files.supervisor, { force: true });
    const why = failed ? toRagtuiError(failed).message : lastLine(files.stderr) || 'it gave no sign of life';
    throw new RagtuiError('unavailable', `The job's supervisor did not start: ${why}.`, `See ${files.stderr}.`);
  }
  return readJob(paths, spec.id);
}

/** A drained host takes nothing new; what goes on with a run that is there already is not new. */
function assertTaken(paths: WorkspacePaths, work: JobWork): void {
  const launcher = launcherName(work);
  if (launcher === 'local') return;
  const host = hostOf(launcher);
  if (whyDrained(paths, host) === null) return;
  const goesOn = listJobs(paths).some(
    ({ spec, far }) => far?.open === true && far.host === host && isDeepStrictEqual(nameOf(spec.work), nameOf(work)),
  );
  if (!goesOn) refuseDrained(paths, host);
}

/** What tells which run a job's work is. */
const nameOf = (work: JobWork): readonly [string, string] | JobWork => ('name' in work ? [work.kind, work.name] : work);

/** The folder of a tune is one job's at a time, its orphaned engine included. */
function assertAlone(paths: WorkspacePaths, work: JobWork): void {
  if (work.kind !== 'train-llm' && work.kind !== 'train-embedder') return;
  const other = listJobs(paths).find(
    ({ spec, state, orphans }) =>
      spec.work.kind === work.kind && spec.work.name === work.name && (!isOver(state) || orphans.length > 0),
  );
  if (!other) return;
  throw new RagtuiError(
    'busy',
    `The job ${other.spec.id} trains ${work.name} now.`,
    `Choose another name, or stop it: ragtui jobs stop ${other.spec.id}`,
  );
}

function createFolder(
  paths: WorkspacePaths,
  work: JobWork,
  { name = defaultName(work), step, array }: LaunchOptions,
): { spec: JobSpec; folder: string } {
  mkdirSync(paths.jobs, { recursive: true, mode: 0o700 });
  for (;;) {
    const now = new Date();
    const id = jobIdSchema.parse(newJobId(work.kind, now));
    const folder = path.join(paths.jobs, id);
    try {
      mkdirSync(folder, { mode: 0o700 });
      const spec = {
        version: 1,
        id,
        name,
        createdAt: now.toISOString(),
        ...(step === undefined ? {} : { step }),
        ...(array === undefined ? {} : { array }),
        work,
      };
      return { spec: jobSpecSchema.parse(spec), folder };
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw toRagtuiError(error);
    }
  }
}

/** `20261123-061530-ingest-4f2a`, in UTC. */
export function newJobId(kind: string, now: Date): string {
  const [date = '', time = ''] = now.toISOString().split('T');
  const digits = (text: string) => text.replace(/\D/g, '');
  return `${digits(date)}-${digits(time).slice(0, 6)}-${kind}-${randomBytes(2).toString('hex')}`;
}

function defaultName(work: JobWork): string {
  switch (work.kind) {
    case 'ingest':
      return `ingest into ${work.kb}`;
    case 'shadow':
      return `index ${work.kb} with ${work.embedder}`;
    case 'serve':
      return `serve ${work.model}`;
    case 'pull':
      return `pull ${work.models.join(', ')}`;
    case 'evaluate':
      return `evaluate ${work.columns.map(({ name }) => name).join(', ')} on ${work.dataset} ${work.split}`;
    case 'judge':
      return `judge ${work.run} with ${work.judge.llm}`;
    case 'engine-install':
      return `install ${work.engine}${work.launcher === undefined ? '' : ` on ${work.launcher}`}`;
    case 'train-llm':
    case 'train-embedder':
      return `train ${work.name}`;
    case 'make-data':
      return `make ${work.making.as} (${work.making.what})`;
    case 'recipe':
      return `recipe ${work.name}`;
    case 'load-test':
      return `load test ${work.test.target.kind === 'name' ? work.test.target.name : work.test.target.model}`;
  }
}

function writeSpec(files: JobFiles, spec: JobSpec): void {
  try {
    const fd = openSync(files.spec, 'wx', 0o600);
    try {
      writeSync(fd, `${JSON.stringify(spec, null, 2)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    syncPath(path.dirname(files.spec));
    syncPath(path.dirname(path.dirname(files.spec)));
  } catch (error) {
    throw toRagtuiError(error);
  }
}

function lastLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  } catch {
    return '';
  }
}
