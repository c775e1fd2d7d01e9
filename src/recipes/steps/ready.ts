import { ENGINES } from '../../engines/definitions.ts';
import { machineDevice } from '../../engines/device.ts';
import { engineStatus } from '../../engines/store.ts';
import type { EngineName } from '../../engines/types.ts';
import { knownHost } from '../../hosts/store.ts';
import { deviceOfHost, hostOf } from '../../hosts/types.ts';
import { servedName } from '../../models/served-embedder.ts';
import { findModel, listAdapters, listEndpoints, modelStatus } from '../../models/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { findEmbedderBase } from '../../training/embedder-base.ts';
import { hashOf } from '../plan.ts';
import { engineWhere } from './facts.ts';
import { type ChildOptions, type Doing, isOf, type StepDoer } from './types.ts';

/** An engine is installed where it is not: here, or on the host of the training that needs it. */
export const engineStep: StepDoer<'engine'> = {
  version: 1,
  facts: () => null,
  there: ({ paths }, made) => {
    if (!isOf(made, 'engine')) return undefined;
    const { launcher, digest } = made;
    // Nobody asks the host: whether it is really there shows when it is to train.
    return Object.values(ENGINES).some(({ name }) => {
      const found = engineWhere(paths, name, launcher);
      return found !== undefined && hashOf(found.versions) === digest;
    })
      ? digest
      : undefined;
  },
  make: async ({ world: { paths }, spec: { engine, launcher }, child }) => {
    if (launcher === undefined) await installHere(paths, engine, child);
    else await installThere(paths, engine, launcher, child);
    const found = engineWhere(paths, engine, launcher);
    if (!found) throw new RagtuiError('unavailable', `${ENGINES[engine].title} was not installed.`);
    const { versions, device } = found;
    const where = launcher === undefined ? {} : { launcher };
    return { type: 'engine', digest: hashOf(versions), ...where, versions, device };
  },
};

type Child = Doing<'engine'>['child'];

/** Installs an engine on this machine where it is not there yet. `part`: of a step that has another job. */
export async function installHere(
  paths: WorkspacePaths,
  engine: EngineName,
  child: Child,
  options: ChildOptions = {},
): Promise<void> {
  if (engineStatus(paths, engine).manifest !== null) return;
  await child({ kind: 'engine-install', engine, device: machineDevice() }, options);
}

async function installThere(paths: WorkspacePaths, engine: EngineName, launcher: string, child: Child): Promise<void> {
  const host = knownHost(paths, hostOf(launcher));
  const { lookForEngines } = await import('../../hosts/engines.ts');
  const found = await lookForEngines(paths, host);
  if (found.some(({ name }) => name === engine)) return;
  await child({ kind: 'engine-install', engine, device: deviceOfHost(host), launcher });
}

/** Models by name are pulled where they are not here. */
export const modelsStep: StepDoer<'models'> = {
  version: 1,
  facts: () => null,
  there: ({ paths }, made) => {
    if (!isOf(made, 'models')) return undefined;
    return missingModels(paths, made.models).length === 0 ? made.digest : undefined;
  },
  make: async ({ world: { paths }, spec, child }) => {
    const models = [...spec.models];
    const missing = missingModels(paths, models);
    if (missing.length > 0) await child({ kind: 'pull', models: missing });
    return { type: 'models', digest: hashOf(models), models };
  },
};

/** Which of these are not on this disk and can be pulled. Errors: `not-found` for a name that nothing has. */
export function missingModels(paths: WorkspacePaths, names: readonly string[]): string[] {
  const endpoints = new Set(listEndpoints(paths).map(({ name }) => name));
  const bases = new Map(listAdapters(paths).map(({ name, base }) => [name, base]));
  const ids = names.flatMap((name) => {
    if (endpoints.has(name) || servedName(name)) return [];
    return trainable(paths, bases.get(name) ?? name);
  });
  return [...new Set(ids)].filter((id) => modelStatus(paths, id).state !== 'present');
}

/** `all-minilm-l6-v2` also means the weights to train on, which have a name of their own. */
function trainable(paths: WorkspacePaths, name: string): string {
  try {
    return findModel(paths, name).id;
  } catch (error) {
    try {
      return findEmbedderBase(paths, name).id;
    } catch {
      throw error;
    }
  }
}
