import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, watch, writeFileSync } from 'node:fs';
import os from 'node:os';
import { z } from 'zod';
import { type WorkerName, workerPath } from '../platform/entry.ts';
import { toRagtuiError } from '../platform/errors.ts';
import { endOfFile } from '../platform/file-end.ts';
import { workspacePaths } from '../platform/paths.ts';
import { type Reserved, reserveDevices } from './devices/reserve.ts';
import { type JobError, type JobFiles, jobFiles, readJsonFile, resultFileSchema, specFileSchema } from './folder.ts';
import { watchHealth } from './health.ts';
import { beat } from './heartbeat.ts';
import { JOB_MARK, storeIdentity } from './identity.ts';
import { StateLog } from './state-log.ts';
import type { JobSpec, JobState, JobWork } from './types.ts';
import { BEGIN, BEGIN_MARK, EXIT } from './worker.ts';

const NICE = 10;
const STOP_POLL_MS = 500;
const WORKERS: Readonly<Record<JobWork['kind'], WorkerName>> = {
  ingest: 'ingest',
  shadow: 'shadow',
  serve: 'llama-server',
  pull: 'pull',
  'engine-install': 'engine-install',
  'train-llm': 'train',
  'train-embedder': 'train',
  evaluate: 'evaluate',
  judge: 'judge',
  'make-data': 'make-data',
  'load-test': 'load-test',
  recipe: 'recipe',
};
const SERVERS = { llama: 'llama-server', vllm: 'vllm-server', onnx: 'embedding-server' } as const;
const workerOf = (work: JobWork): WorkerName => (work.kind === 'serve' ? SERVERS[work.engine] : WORKERS[work.kind]);
const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('unreachable'), host: z.string(), since: z.iso.datetime() }),
  z.object({ type: z.literal('reached') }),
]);

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

/** Runs one job's worker to its end, recording its states. Resolves when all is written. `program` replaces the worker in tests. */
export async function superviseJob(folder: string, program?: string): Promise<void> {
  const files = jobFiles(folder);
  storeIdentity(files.supervisor, process.pid);
  const states = new StateLog(folder);
  ignoreTerminal();
  const spec = readJsonFile(files.spec, specFileSchema);
  if (!spec) return states.enter('failed', 'spec.json is missing or damaged');
  let worker: ChildProcess | undefined;
  // A TERM to the supervisor alone (a shutdown, a careful `kill`) is a request to stop the job.
  process.on('SIGTERM', () => {
    try {
      writeFileSync(files.stop, '', { mode: 0o600 });
    } catch {
      // A full disk: the signal gets through.
    }
    worker?.kill('SIGTERM');
  });
  lowerPriority();
  let devices: Reserved | undefined;
  const stopBeating = beat(files, { onBeat: () => devices?.refresh() });
  try {
    devices = await devicesOf(spec, folder, states);
    if (!devices) return;
    states.has(devices.gpus);
    states.enter('starting');
    if (existsSync(files.stop)) return states.enter('stopped', 'asked to stop before it started');
    const env = { ...process.env, [JOB_MARK]: spec.id, [BEGIN_MARK]: '1', ...devices.env };
    worker = startWorker(folder, program ?? workerPath(workerOf(spec.work)), env);
    await watchWorker(worker, folder, files, spec.work, states);
  } finally {
    stopBeating();
    devices?.release();
  }
}

async function watchWorker(
  worker: ChildProcess,
  folder: string,
  files: JobFiles,
  work: JobWork,
  states: StateLog,
): Promise<void> {
  const oomBefore = oomKills();
  if (worker.pid !== undefined) storeIdentity(files.worker, worker.pid);
  if (worker.connected) worker.send(BEGIN, () => {});
  if (work.kind !== 'serve') states.enter('running');
  // A host that cannot be reached says more than that its server is silent.
  const trouble = { host: '', server: '' };
  const tellRunning = () => states.enter('running', trouble.host || trouble.server);
  worker.on('message', (message) => {
    const told = messageSchema.safeParse(message).data;
    if (!told) return;
    if (told.type !== 'ready') {
      trouble.host = told.type === 'unreachable' ? `${told.host} unreachable since ${told.since}` : '';
    }
    tellRunning();
  });
  const stopWatching = onStopFile(folder, files, () => states.enter('stopping', 'asked to stop'));
  const over = new AbortController();
  if (work.kind === 'serve') {
    void watchHealth(
      files.endpoint,
      {
        silent: (since) => {
          trouble.server = `has not answered since ${since.toISOString()}`;
          tellRunning();
        },
        answers: () => {
          trouble.server = '';
          tellRunning();
        },
      },
      over.signal,
    );
  }

  const exit = await exitOf(worker);
  over.abort();
  stopWatching();
  sweepGroup(worker.pid);
  const { state, reason, error } = judge(files, exit, oomKills() > oomBefore);
  states.enter(state, reason, error);
}

/** What the job needs for itself, waited for; undefined when it ended instead. */
async function devicesOf(spec: JobSpec, folder: string, states: StateLog): Promise<Reserved | undefined> {
  try {
    const reserved = await reserveDevices(workspacePaths(), spec, folder, (why) => states.enter('queued', why));
    if (!reserved) states.enter('stopped', 'asked to stop while it waited');
    return reserved;
  } catch (thrown) {
    const { code, message, hint } = toRagtuiError(thrown);
    states.enter('failed', message, { code, message, hint });
    return undefined;
  }
}

/** The worker's own result if it wrote one, else what its exit says. */
function judge(files: JobFiles, exit: Exit, oom: boolean): { state: JobState; reason: string; error: JobError | null } {
  const result = readJsonFile(files.result, resultFileSchema);
  if (result) return result;
  if (existsSync(files.stop)) return { state: 'stopped', reason: howItEnded(exit, oom), error: null };
  if (exit.code === EXIT.succeeded) return { state: 'succeeded', reason: '', error: null };
  if (exit.code === EXIT.stopped) return { state: 'stopped', reason: 'asked to stop', error: null };
  const reason = [howItEnded(exit, oom), lastWords(files.stderr)].filter(Boolean).join(': ');
  const hint = oom ? 'Close other programs or take a smaller model, then retry.' : `See ${files.stderr}.`;
  return { state: 'failed', reason, error: { code: 'internal', message: `The worker ${reason}.`, hint } };
}

function howItEnded({ code, signal, error }: Exit, oom: boolean): string {
  if (error) return `could not be started: ${toRagtuiError(error).message}`;
  if (signal === 'SIGKILL' && oom) return 'was killed by the system: out of memory';
  return signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
}

/** The last line of stderr.log that is a sentence, not a stack frame. */
function lastWords(file: string): string {
  const lines = endOfFile(file, 4096)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('at ') && !line.startsWith('Node.js v'));
  const telling = lines.findLast((line) => /error|fatal|abort|terminate/i.test(line)) ?? lines.at(-1) ?? '';
  return telling.slice(0, 300);
}

function startWorker(folder: string, program: string, env: NodeJS.ProcessEnv): ChildProcess {
  const { stdout, stderr } = jobFiles(folder);
  const out = openSync(stdout, 'a', 0o600);
  const err = openSync(stderr, 'a', 0o600);
  // A session of its own: a stop can end the worker with all its children and leave us to write down the outcome.
  const worker = spawn(process.execPath, ['--enable-source-maps', program, folder], {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', out, err, 'ipc'],
  });
  closeSync(out);
  closeSync(err);
  return worker;
}

function exitOf(worker: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    worker.once('exit', (code, signal) => resolve({ code, signal }));
    worker.once('error', (error) => resolve({ code: null, signal: null, error }));
  });
}

/** Children the worker left behind have no business after it. */
function sweepGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody left: the usual case.
  }
}

function ignoreTerminal(): void {
  process.on('SIGHUP', () => {});
  process.on('SIGINT', () => {});
}

function lowerPriority(): void {
  try {
    os.setPriority(NICE);
  } catch {
    // Already lower, or not allowed to: the job runs all the same.
  }
}

/** Processes the kernel killed for memory since boot; 0 where /proc does not tell. */
function oomKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function onStopFile(folder: string, files: JobFiles, action: () => void): () => void {
  let done = false;
  const look = () => {
    if (done || !existsSync(files.stop)) return;
    done = true;
    action();
  };
  const timer = setInterval(look, STOP_POLL_MS);
  const watcher = watch(folder, look).on('error', () => {});
  look();
  return () => {
    done = true;
    clearInterval(timer);
    watcher.close();
  };
}
