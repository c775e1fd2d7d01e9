import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { askAgent } from '../hosts/agent.ts';
import { knownHost, workspaceMark } from '../hosts/store.ts';
import { pullFolder, type SyncOptions } from '../hosts/sync.ts';
import type { KnownHost } from '../hosts/types.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { isFinished } from './final-save.ts';
import { stepOf, tunedFolder } from './tuned.ts';

/** The engine's folder of a tune on a host; two workspaces that share an account there never share one. */
export const farTune = ({ facts }: KnownHost, paths: WorkspacePaths, name: string): string =>
  `${facts.root}/tunes/${name}-${workspaceMark(paths)}/train`;

/** Checkpoints in a listing of files, the newest first; only whole ones. Pure. */
export function checkpointsIn(names: readonly string[]): string[] {
  const found = new Set(names.flatMap((name) => /^(checkpoint-\d+)\/trainer_state\.json$/.exec(name)?.[1] ?? []));
  const torn = new Set(names.flatMap((name) => /^(checkpoint-\d+)\/checkpoint-is-incomplete/.exec(name)?.[1] ?? []));
  return [...found].filter((name) => !torn.has(name)).sort((a, b) => stepOf(b) - stepOf(a));
}

/** The optimizer's state in a checkpoint: of Transformers, of Accelerate, of DeepSpeed. Twice as large as the weights trained. */
const OPTIMIZER = /(^|\/)(optimizer\.(pt|bin)|[^/]*optim_states\.pt)$/;

/**
 * What of an engine's folder is brought here: all but its older checkpoints, and of a checkpoint of the last step no
 * optimizer state, since nothing goes on from there. Pure.
 */
export function wantedOf(names: readonly string[], newest: string | undefined, finished: boolean): string[] {
  return names.filter((name) => {
    if (!name.startsWith('checkpoint-')) return true;
    return name.startsWith(`${newest}/`) && !(finished && OPTIMIZER.test(name));
  });
}

/**
 * Brings what an engine left on a host here, verified. What is not brought may be large and stays there until somebody
 * asks for it (`fetchCheckpoints`).
 */
export async function fetchTune(
  host: KnownHost,
  paths: WorkspacePaths,
  name: string,
  options: SyncOptions,
): Promise<void> {
  const folder = farTune(host, paths, name);
  const names = await namesIn(host, folder);
  if (names.length === 0) return;
  const [newest] = checkpointsIn(names);
  const finished = newest !== undefined && (await isFinishedThere(host, folder, newest, options));
  const wanted = wantedOf(names, newest, finished);
  await pullFolder(host, folder, tunedFolder(paths, name).train, { ...options, names: wanted });
}

/** Its state alone is looked at apart: in our folder it would make a checkpoint without weights look whole. */
async function isFinishedThere(
  host: KnownHost,
  folder: string,
  checkpoint: string,
  { signal }: SyncOptions,
): Promise<boolean> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'ragtui-state-'));
  try {
    const names = [`${checkpoint}/trainer_state.json`];
    await pullFolder(host, folder, scratch, { names, ...(signal ? { signal } : {}) });
    return isFinished(path.join(scratch, checkpoint));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Brings every checkpoint that is still there. */
export async function fetchCheckpoints(
  paths: WorkspacePaths,
  hostName: string,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  const host = knownHost(paths, hostName);
  const folder = farTune(host, paths, name);
  const names = await namesIn(host, folder);
  const whole = checkpointsIn(names);
  const wanted = names.filter((one) => whole.some((checkpoint) => one.startsWith(`${checkpoint}/`)));
  if (wanted.length === 0) return;
  await pullFolder(host, folder, tunedFolder(paths, name).train, { names: wanted, ...(signal ? { signal } : {}) });
}

const namesIn = async (host: KnownHost, folder: string): Promise<string[]> =>
  Object.keys(await askAgent(host, { op: 'listing', folder }, z.record(z.string(), z.number())));
