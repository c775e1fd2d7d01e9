import type { ServeWork } from '../types.ts';
import { adapterHash, copyAdapter } from './copy.ts';
import { adapterRank } from './fits.ts';
import { changeVersion, updateAdapters, versionedName, withVersion } from './state.ts';
import type { LoraRoom } from './types.ts';

interface Start {
  /** Of the job. */
  readonly folder: string;
  readonly work: ServeWork;
  readonly signal: AbortSignal;
}

/** Copies the adapters that a server starts with as their first versions. Returns them as the server is to load them. */
export async function firstVersions(
  { folder, work, signal }: Start,
  room: LoraRoom | null,
): Promise<ServeWork['adapters']> {
  const first: ServeWork['adapters'] = [];
  await updateAdapters(folder, (file) => ({ ...file, room, adapters: [] }));
  for (const { name, path: source } of work.adapters) {
    const served = versionedName(name, 1);
    const version = {
      version: 1,
      served,
      path: await copyAdapter(source, folder, served),
      source,
      sha256: await adapterHash(source, signal),
      rank: adapterRank(source),
      state: 'loading' as const,
      loadedAt: new Date().toISOString(),
      effect: null,
      template: null,
    };
    await updateAdapters(folder, (file) => withVersion(file, name, version));
    first.push({ name: served, path: version.path });
  }
  return first;
}

/** The server has come up with them. */
export async function firstVersionsLoaded(folder: string, adapters: ServeWork['adapters']): Promise<void> {
  const loadedAt = new Date().toISOString();
  await updateAdapters(folder, (file) =>
    adapters.reduce((all, { name }) => changeVersion(all, name, { state: 'loaded', loadedAt }), file),
  );
}
