import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { readJsonFile, writeJsonFile } from '../../jobs/folder.ts';
import { lockFile } from '../../platform/lock.ts';
import { type AdaptersFile, type AdapterVersion, adaptersFileSchema, type DeployedAdapter } from './types.ts';

const adaptersFile = (folder: string): string => path.join(folder, 'adapters.json');
/** Where the copies of a server's adapters lie, one folder each. */
export const copiesFolder = (folder: string): string => path.join(folder, 'adapters');

/** `sft` version 2 → `sft.v2`: legal as a file name, in `name=path`, as an LLM of a column and as a label of metrics. */
export const versionedName = (name: string, version: number): string => `${name}.v${version}`;

/** Whether a name looks like a version of another: such names cannot be given to adapters. */
export const isVersionedName = (name: string): boolean => /\.v\d+$/.test(name);

/** What is known of a server's adapters; undefined where nobody has written anything down (yet). */
export const readAdapters = (folder: string): AdaptersFile | undefined =>
  readJsonFile(adaptersFile(folder), adaptersFileSchema);

/** Changes `adapters.json` of a job's folder under its lock. Returns what was written. */
export async function updateAdapters(
  folder: string,
  change: (before: AdaptersFile) => AdaptersFile,
): Promise<AdaptersFile> {
  const unlock = await lockFile(path.join(folder, 'adapters.lock'), { everyMs: 20 });
  try {
    const after = change(readAdapters(folder) ?? { version: 1, room: null, adapters: [] });
    writeJsonFile(adaptersFile(folder), after, { durable: true });
    return after;
  } finally {
    unlock();
  }
}

/** With one version changed, or added at its place. Pure. */
export function withVersion(
  file: AdaptersFile,
  name: string,
  version: AdapterVersion,
  makeCurrent = false,
): AdaptersFile {
  const before = file.adapters.find((one) => one.name === name);
  const others = (before?.versions ?? []).filter((one) => one.version !== version.version);
  const after: DeployedAdapter = {
    name,
    current: makeCurrent || !before ? version.version : before.current,
    versions: [...others, version].sort((a, b) => a.version - b.version),
  };
  const adapters = before ? file.adapters.map((one) => (one.name === name ? after : one)) : [...file.adapters, after];
  return { ...file, adapters };
}

/** With some fields of one version changed; a version that is gone stays gone. Pure. */
export function changeVersion(file: AdaptersFile, served: string, change: Partial<AdapterVersion>): AdaptersFile {
  return {
    ...file,
    adapters: file.adapters.map((adapter) => ({
      ...adapter,
      versions: adapter.versions.map((one) => (one.served === served ? { ...one, ...change } : one)),
    })),
  };
}

/** Without one version; the name then means the newest that is loaded, and goes with its last version. Pure. */
export function withoutVersion(file: AdaptersFile, served: string): AdaptersFile {
  return {
    ...file,
    adapters: file.adapters.flatMap((adapter): DeployedAdapter[] => {
      const versions = adapter.versions.filter((one) => one.served !== served);
      if (versions.some(({ version }) => version === adapter.current)) return [{ ...adapter, versions }];
      const next = versions.findLast(({ state }) => state === 'loaded');
      return next ? [{ ...adapter, versions, current: next.version }] : [];
    }),
  };
}

/** The number of the next version of an adapter on a server: never one that had a copy before. */
export function nextVersion(folder: string, name: string): number {
  const known = readAdapters(folder)?.adapters.find((one) => one.name === name)?.versions ?? [];
  const copies = existsSync(copiesFolder(folder)) ? readdirSync(copiesFolder(folder)) : [];
  const numbers = copies.flatMap((copy) => {
    const dot = copy.lastIndexOf('.v');
    return copy.slice(0, dot) === name ? [Number.parseInt(copy.slice(dot + 2), 10)] : [];
  });
  return Math.max(0, ...known.map(({ version }) => version), ...numbers.filter(Number.isFinite)) + 1;
}
