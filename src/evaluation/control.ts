import { existsSync, watch } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from '../jobs/folder.ts';
import { launchJob } from '../jobs/launcher.ts';
import { isOver, type JobView } from '../jobs/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { readRun, workOf } from './runs.ts';
import { concurrencySchema, type Evaluation } from './types.ts';

/** `control.json` in a run's folder: what a person wants of it while it runs. The worker only reads it. */
const controlSchema = z.object({
  /** Since when nothing new is asked; null: it goes on. */
  pausedSince: z.iso.datetime().nullable(),
  /** Items in work at once; null: as the run was started. */
  concurrency: concurrencySchema.nullable(),
  /** How often it was asked to try again what failed. */
  retries: z.number().int().nonnegative(),
});
export type RunControl = z.infer<typeof controlSchema>;

const AS_STARTED: RunControl = { pausedSince: null, concurrency: null, retries: 0 };
const POLL_MS = 500;
const controlFile = (folder: string): string => path.join(folder, 'control.json');

/** What is wanted of a run now. */
export const readControl = (folder: string): RunControl =>
  readJsonFile(controlFile(folder), controlSchema) ?? AS_STARTED;

/** Calls `listener` with each change until the returned function is called. */
export function watchControl(folder: string, listener: (control: RunControl) => void): () => void {
  let last = '';
  const look = () => {
    if (!existsSync(controlFile(folder))) return;
    const control = readControl(folder);
    const now = JSON.stringify(control);
    if (now === last) return;
    last = now;
    listener(control);
  };
  const timer = setInterval(look, POLL_MS);
  // The poll alone would do, where folders cannot be watched.
  const watcher = watch(folder, { persistent: false }, (_, name) => {
    // Every finished item changes something in this folder.
    if (name === null || name === path.basename(controlFile(folder))) look();
  }).on('error', () => {});
  look();
  return () => {
    clearInterval(timer);
    watcher.close();
  };
}

/** Asks nothing new until `continueRun`; what is being answered ends. Errors: `not-found`, `usage` when it is over. */
export function pauseRun(paths: WorkspacePaths, id: string): JobView {
  return change(paths, id, ({ pausedSince }) => ({ pausedSince: pausedSince ?? new Date().toISOString() }));
}

/** Goes on after `pauseRun`. Errors: `not-found`, `usage` when it is over. */
export function continueRun(paths: WorkspacePaths, id: string): JobView {
  return change(paths, id, () => ({ pausedSince: null }));
}

/** From now on so many items at once. Errors: `not-found`, `usage` when it is over. */
export function setRunConcurrency(paths: WorkspacePaths, id: string, concurrency: Evaluation['concurrency']): JobView {
  return change(paths, id, () => ({ concurrency }));
}

/**
 * Tries again what failed: in the run itself while it goes on, as a new run (which takes over all that is finished) when
 * it is over. Gives the job that does it. Errors: `not-found`, `usage` when nothing failed, those of `launchJob`.
 */
export async function retryFailed(paths: WorkspacePaths, id: string): Promise<JobView> {
  const { view, items } = readRun(paths, id);
  const last = new Map(items.map((item) => [`${item.column}\0${item.item}`, item.state]));
  if (![...last.values()].some((state) => state === 'error' || state === 'timeout')) {
    throw new RagtuiError('usage', `Nothing failed in ${view.spec.id}.`, 'See: ragtui eval show RUN');
  }
  if (isOver(view.state)) return goOn(paths, view.spec.id);
  return change(paths, view.spec.id, ({ retries }) => ({ retries: retries + 1 }));
}

/** Goes on with a run that is over, as a new job: what is finished is not asked again. Errors: `busy` while it runs. */
export async function goOn(paths: WorkspacePaths, id: string): Promise<JobView> {
  const { view } = readRun(paths, id);
  if (!isOver(view.state)) {
    throw new RagtuiError('busy', `${view.spec.id} is ${view.state}.`, `See: ragtui jobs logs -f ${view.spec.id}`);
  }
  // It means taking what is there, also where the run itself was to ask anew.
  const { name, step } = view.spec;
  return launchJob(paths, { ...workOf(view), reuse: true }, { name, step });
}

function change(paths: WorkspacePaths, id: string, changed: (control: RunControl) => Partial<RunControl>): JobView {
  const { view } = readRun(paths, id);
  if (isOver(view.state)) {
    throw new RagtuiError('usage', `${view.spec.id} is over: ${view.state}.`, 'Go on: ragtui eval resume RUN');
  }
  const control = readControl(view.folder);
  writeJsonFile(controlFile(view.folder), { ...control, ...changed(control) });
  return view;
}
