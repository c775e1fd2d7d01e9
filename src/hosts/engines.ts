import { z } from 'zod';
import { ENGINES } from '../engines/definitions.ts';
import type { InstalledEngine } from '../engines/store.ts';
import { type EngineName, engineManifestSchema } from '../engines/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import { askAgent } from './agent.ts';
import { farEngines } from './store.ts';
import type { KnownHost } from './types.ts';

const answerSchema = z.object({ value: z.unknown(), there: z.array(z.string()) });

/** An engine's environment on a host; undefined when there is none that is whole. */
export async function findFarEngine(
  host: KnownHost,
  name: EngineName,
): Promise<(InstalledEngine & { lock: string }) | undefined> {
  const file = `${farEngines(host)}/${name}/engine.json`;
  const first = await askAgent(host, { op: 'text', file, names: [] }, answerSchema);
  const manifest = engineManifestSchema.safeParse(first.value).data;
  if (!manifest) return undefined;
  const { there } = await askAgent(host, { op: 'text', file, names: [manifest.python] }, answerSchema);
  if (there.length === 0) return undefined;
  const { python, device, versions, lock } = manifest;
  return { name, python, device, versions, lock };
}

/** The same. Errors: `unavailable` with the command that makes one. */
export async function farEngine(host: KnownHost, name: EngineName): Promise<InstalledEngine> {
  const found = await findFarEngine(host, name);
  if (found) return found;
  throw new RagtuiError(
    'unavailable',
    `${ENGINES[name].title} is not installed on ${host.name} (${farEngines(host)}).`,
    `Run "ragtui hosts prepare ${host.name} --engine ${name}", or name the folder that has it: ragtui hosts add ${host.name} --engines DIR`,
  );
}
