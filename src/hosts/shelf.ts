import { createHash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { RagtuiError } from '../platform/errors.ts';
import { lockFile } from '../platform/lock.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { askAgent } from './agent.ts';
import { workspaceMark } from './store.ts';
import { type Hashes, hashesHere, hashesThere, pushFolder, type SyncOptions, signalOf } from './sync.ts';
import type { KnownHost } from './types.ts';

/**
 * Puts a folder into the store there, once for all jobs: its place is named by what is in it, and it appears when all of it
 * has arrived and bears the right hashes. A send that broke goes on where it was. Of jobs that want the same folder there
 * one sends and the others wait; another workspace sends into a folder of its own. Returns the folder there.
 * Errors: `disk-full`, `checksum`, `network`, `cancelled`.
 */
export async function storeFolder(
  paths: WorkspacePaths,
  host: KnownHost,
  from: string,
  options: SyncOptions = {},
): Promise<string> {
  const here = await hashesHere(from, options);
  const key = createHash('sha256')
    .update(JSON.stringify(Object.entries(here).sort()))
    .digest('hex')
    .slice(0, 32);
  const final = `${host.facts.root}/store/${key}`;
  const what = path.basename(from);
  if (await isThere(host, final, options)) {
    options.onLog?.(`${what} lies on ${host.name} already`);
    return final;
  }
  const unlock = await lockFile(path.join(paths.run, `send-${host.name}-${key}.lock`), {
    ...signalOf(options),
    onWait: (pid) => options.onLog?.(`Waits for process ${pid}, which sends ${what} to ${host.name} too`),
  });
  try {
    if (!(await isThere(host, final, options)))
      await send(host, { from, here, final, mark: workspaceMark(paths) }, options);
  } finally {
    unlock();
  }
  return final;
}

async function isThere(host: KnownHost, place: string, options: SyncOptions): Promise<boolean> {
  const { there } = await askAgent(host, { op: 'exists', place }, z.object({ there: z.boolean() }), signalOf(options));
  return there;
}

interface Sending {
  readonly from: string;
  readonly here: Hashes;
  readonly final: string;
  /** Of the workspace that sends. */
  readonly mark: string;
}

async function send(host: KnownHost, { from, here, final, mark }: Sending, options: SyncOptions): Promise<void> {
  const what = path.basename(from);
  const bytes = Object.values(here).reduce((sum, [size]) => sum + size, 0);
  const part = `${final}.part-${mark}`;
  const room = await askAgent(host, { op: 'make', folders: [part] }, z.object({ free: z.number() }), signalOf(options));
  const sent = await askAgent(
    host,
    { op: 'listing', folder: part },
    z.record(z.string(), z.number()),
    signalOf(options),
  );
  const left = bytes - Object.values(sent).reduce((sum, size) => sum + size, 0);
  if (left > room.free) {
    throw new RagtuiError(
      'disk-full',
      `${what} needs ${Math.ceil(left / 1e6)} MB on ${host.name}, and ${Math.floor(room.free / 1e6)} MB are free there.`,
      `Free some space there: ragtui hosts clean ${host.name}`,
    );
  }
  options.onLog?.(`Sending ${what} to ${host.name} (${Math.ceil(bytes / 1e6)} MB, once)`);
  await pushFolder(host, from, part, options);
  const arrived = await hashesThere(host, part, options);
  const torn = Object.keys(here).find((name) => here[name]?.[1] !== arrived[name]?.[1]);
  if (torn !== undefined) {
    throw new RagtuiError('checksum', `${torn} arrived on ${host.name} as something else.`, 'Try again.');
  }
  await askAgent(host, { op: 'publish', part, final }, z.unknown(), signalOf(options));
}
