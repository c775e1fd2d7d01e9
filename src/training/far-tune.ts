import { z } from 'zod';
import { askAgent } from '../hosts/agent.ts';
import { knownHost, workspaceMark } from '../hosts/store.ts';
import { pullFolder, type SyncOptions } from '../hosts/sync.ts';
import type { KnownHost } from '../hosts/types.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
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

/**
 * Brings what an engine left on a host here, verified: all but its older checkpoints, which may be large and stay there
 * until somebody asks for them (`fetchCheckpoints`).
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
  const wanted = names.filter((one) => !one.startsWith('checkpoint-') || one.startsWith(`${newest}/`));
  await pullFolder(host, folder, tunedFolder(paths, name).train, { ...options, names: wanted });
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
