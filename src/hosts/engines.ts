import { z } from 'zod';
import { ENGINES } from '../engines/definitions.ts';
import type { InstalledEngine } from '../engines/store.ts';
import { type EngineName, engineManifestSchema } from '../engines/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import { askAgent } from './agent.ts';
import { farEngines } from './store.ts';
import type { KnownHost } from './types.ts';

/** An engine that is on a host; `lock`: sha256 of the lock file it was made from, '' for one of the user's own. */
export type FarEngine = InstalledEngine & { readonly lock: string };

/** Those of the engines named whose environments on a host are whole. */
export async function findFarEngines(host: KnownHost, names: readonly EngineName[]): Promise<FarEngine[]> {
  const request = { op: 'engines', folder: farEngines(host), names };
  const found = await askAgent(host, request, z.record(z.string(), z.unknown()));
  return names.flatMap((name) => {
    const manifest = engineManifestSchema.safeParse(found[name]).data;
    if (!manifest) return [];
    const { python, device, versions, lock } = manifest;
    return [{ name, python, device, versions, lock }];
  });
}

/** One of them. Errors: `unavailable` with the command that makes one. */
export async function farEngine(host: KnownHost, name: EngineName): Promise<InstalledEngine> {
  const [found] = await findFarEngines(host, [name]);
  if (found) return found;
  throw new RagtuiError(
    'unavailable',
    `${ENGINES[name].title} is not installed on ${host.name} (${farEngines(host)}).`,
    `Run "ragtui hosts prepare ${host.name} --engine ${name}", or name the folder that has it: ragtui hosts add ${host.name} --engines DIR`,
  );
}
