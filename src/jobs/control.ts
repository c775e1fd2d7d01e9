import { existsSync, writeFileSync } from 'node:fs';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type ProcessIdentity, signalGroup, waitUntil } from '../platform/processes.ts';
import { drainSeconds } from '../serving/types.ts';
import { changedWork, parseChanges } from './clone.ts';
import { jobFiles } from './folder.ts';
import { livingProcess, signalProcess } from './identity.ts';
import { launchJob } from './launcher.ts';
import { changedTags, writeNotes } from './notes.ts';
import { readyWork } from './ready.ts';
import { readJob } from './registry.ts';
import { isOver, type JobView, type JobWork, whyNotResume } from './types.ts';

/** A step of stopping a job: how it is told to end, and how long it is given before the next step. */
export interface StopStep {
  readonly step: 'ask' | 'terminate' | 'kill';
  readonly graceSeconds: number;
}

export interface StopOptions {
  readonly onStep?: (step: StopStep) => void;
  /** Seconds for each step; the defaults suit workers that finish a batch or a document first. */
  readonly grace?: { readonly ask?: number; readonly terminate?: number; readonly kill?: number };
}

const GRACE = { ask: 15, terminate: 5, kill: 5 };
/** A training finishes its step and writes a checkpoint before it ends; its worker has a limit of its own of two minutes. */
const TRAINING_GRACE = { ...GRACE, ask: 130 };
/** A vLLM server ends what it is answering first, in a time that its work states, and then needs some to end itself. */
/** A host that cannot be reached is tried for half a minute before a server there is left alone. */
const FAR_SECONDS = 35;
const SERVER_END_SECONDS = 12;
/** A recipe stops the training that it waits for. */
const RECIPE_GRACE = { ...GRACE, ask: 150 };
const isTraining = (kind: string): boolean => kind.startsWith('train-');

/**
 * Stops a job: asks it (stop file and TERM to the worker alone), then TERM to the worker with its children, then KILL.
 * Works without the supervisor too. Resolves with the job as it is then; a job that is over is returned as it is.
 */
export async function stopJob(paths: WorkspacePaths, id: string, options: StopOptions = {}): Promise<JobView> {
  const view = readJob(paths, id);
  const farOpen = view.far?.open === true ? view.far : undefined;
  if (isOver(view.state) && view.orphans.length === 0 && !farOpen) return view;
  const grace = { ...graceOf(view.spec.work), ...options.grace };
  if (farOpen && isOver(view.state)) {
    // Not at the top: who lists or stops jobs of this machine needs no ssh.
    const { endFarRun } = await import('./far.ts');
    await endFarRun(paths, view.folder, farOpen, grace, options);
    return readJob(paths, id);
  }
  if (view.orphans.length > 0) return endOrphans(paths, id, grace, options);
  const files = jobFiles(view.folder);
  const worker = () => livingProcess(files.worker);
  const isOverNow = () => isOver(readJob(paths, id).state);

  raiseFlag(files.stop);
  options.onStep?.({ step: 'ask', graceSeconds: grace.ask });
  signalIf(worker(), (identity) => signalProcess(identity, 'SIGTERM'));
  if (await waitUntil(isOverNow, grace.ask * 1000)) return readJob(paths, id);

  options.onStep?.({ step: 'terminate', graceSeconds: grace.terminate });
  signalIf(worker(), (identity) => signalGroup(identity, 'SIGTERM'));
  if (await waitUntil(isOverNow, grace.terminate * 1000)) return readJob(paths, id);

  options.onStep?.({ step: 'kill', graceSeconds: grace.kill });
  signalIf(worker(), (identity) => signalGroup(identity, 'SIGKILL'));
  await waitUntil(isOverNow, grace.kill * 1000);
  return readJob(paths, id);
}

/** An engine whose keepers were killed: TERM (a training saves a checkpoint), then KILL. */
async function endOrphans(
  paths: WorkspacePaths,
  id: string,
  grace: { readonly ask: number; readonly kill: number },
  { onStep }: StopOptions,
): Promise<JobView> {
  const left = () => readJob(paths, id).orphans;
  onStep?.({ step: 'terminate', graceSeconds: grace.ask });
  for (const pid of left()) signalPid(pid, 'SIGTERM');
  if (await waitUntil(() => left().length === 0, grace.ask * 1000, 100)) return readJob(paths, id);

  onStep?.({ step: 'kill', graceSeconds: grace.kill });
  for (const pid of left()) signalPid(pid, 'SIGKILL');
  await waitUntil(() => left().length === 0, grace.kill * 1000, 100);
  return readJob(paths, id);
}

function signalPid(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** Lets a queued job start although others have its devices. Errors: `usage` when it does not wait. */
export function startNow(paths: WorkspacePaths, id: string): JobView {
  const view = readJob(paths, id);
  if (view.state !== 'queued') {
    throw new RagtuiError('usage', `Job ${id} does not wait: it is ${view.state}.`, 'See `ragtui jobs list`.');
  }
  raiseFlag(jobFiles(view.folder).startNow);
  return view;
}

function graceOf(work: JobWork): typeof GRACE {
  if (isTraining(work.kind)) return TRAINING_GRACE;
  if (work.kind === 'recipe') return RECIPE_GRACE;
  if (work.kind !== 'serve' || work.engine !== 'vllm') return GRACE;
  const way = work.launcher === undefined ? 0 : FAR_SECONDS;
  return { ...GRACE, ask: drainSeconds(work) + SERVER_END_SECONDS + way };
}

/** Keeps a note on a job; '' takes it away. */
export function noteJob(paths: WorkspacePaths, id: string, note: string): JobView {
  const { folder, tags } = readJob(paths, id);
  writeNotes(folder, { note: note.trim(), tags: [...tags] });
  return readJob(paths, id);
}

/** `+x` adds a tag, `-y` takes one off. Throws `usage` for what is no tag. */
export function tagJob(paths: WorkspacePaths, id: string, changes: readonly string[]): JobView {
  const { folder, tags, note } = readJob(paths, id);
  writeNotes(folder, { note, tags: changedTags(tags, changes) });
  return readJob(paths, id);
}

function raiseFlag(file: string): void {
  try {
    if (!existsSync(file)) writeFileSync(file, '', { mode: 0o600 });
  } catch (error) {
    // Even on a full disk the signal gets through.
    if (toRagtuiError(error).code !== 'disk-full') throw toRagtuiError(error);
  }
}

function signalIf(identity: ProcessIdentity | undefined, send: (identity: ProcessIdentity) => boolean): void {
  if (identity) send(identity);
}

/** Starts the same work anew, as a new job. A training that has its name already gets the next one. */
export async function retryJob(paths: WorkspacePaths, id: string): Promise<JobView> {
  const { spec } = readJob(paths, id);
  // It was let run before, whatever it needs.
  const work = readyWork(paths, spec.work, { keepFree: true, oversize: true });
  return launchJob(paths, work, work === spec.work ? { name: spec.name } : {});
}

/** Starts a job like another one with `--set key=value` changes. Errors: `usage`, those of the plan. */
export async function cloneJob(paths: WorkspacePaths, id: string, texts: readonly string[]): Promise<JobView> {
  const changes = parseChanges(texts);
  const work = changedWork(readJob(paths, id).spec.work, changes);
  return launchJob(paths, readyWork(paths, work, { named: 'name' in changes }));
}

/** Goes on with a job that ended early, as a new job: what is done already is not done twice. Errors: `usage`. */
export async function resumeJob(paths: WorkspacePaths, id: string): Promise<JobView> {
  const view = readJob(paths, id);
  const why = whyNotResume(view);
  const { name, step, work } = view.spec;
  if (why === null) return launchJob(paths, work, { name, step });
  const texts = {
    running: [`Job ${id} is not over.`, `Stop it first: \`ragtui jobs stop ${id}\`.`],
    done: [`Job ${id} has done all of its work.`, `To do it anew: \`ragtui jobs retry ${id}\`.`],
    server: [`Job ${id} is a server: there is nothing to go on with.`, `Start it anew: \`ragtui jobs retry ${id}\`.`],
  } as const;
  const [what, hint] = texts[why];
  throw new RagtuiError('usage', what, hint);
}

/** Waits until a job is over (or `signal` aborts) and returns it; `onView` hears of every change on the way. */
export async function waitForJob(
  paths: WorkspacePaths,
  id: string,
  options: { readonly signal?: AbortSignal; readonly onView?: (view: JobView) => void } = {},
): Promise<JobView> {
  let view = readJob(paths, id);
  let last = '';
  await waitUntil(
    () => {
      view = readJob(paths, id);
      const now = JSON.stringify([view.state, view.progress]);
      if (now !== last) options.onView?.(view);
      last = now;
      return isOver(view.state) || options.signal?.aborted === true;
    },
    Number.POSITIVE_INFINITY,
    200,
  );
  return view;
}
