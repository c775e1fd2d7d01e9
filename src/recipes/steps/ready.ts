import { ENGINES } from '../../engines/definitions.ts';
import { machineDevice } from '../../engines/device.ts';
import { engineStatus } from '../../engines/store.ts';
import { servedName } from '../../models/served-embedder.ts';
import { findModel, listAdapters, listEndpoints, modelStatus } from '../../models/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { findEmbedderBase } from '../../training/embedder-base.ts';
import { hashOf } from '../plan.ts';
import { isOf, type StepDoer } from './types.ts';

/** An engine is installed where it is not here. */
export const engineStep: StepDoer<'engine'> = {
  version: 1,
  facts: () => null,
  there: ({ paths }, made) => {
    if (!isOf(made, 'engine')) return undefined;
    return Object.values(ENGINES)
      .map(({ name }) => engineStatus(paths, name))
      .some(({ manifest }) => manifest !== null && hashOf(manifest.versions) === made.digest)
      ? made.digest
      : undefined;
  },
  make: async ({ world: { paths }, spec: { engine }, child }) => {
    if (engineStatus(paths, engine).manifest === null) {
      await child({ kind: 'engine-install', engine, device: machineDevice() });
    }
    const { manifest } = engineStatus(paths, engine);
    if (!manifest) throw new RagtuiError('unavailable', `${ENGINES[engine].title} was not installed.`);
    const { versions, device } = manifest;
    return { type: 'engine', digest: hashOf(versions), versions, device };
  },
};

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
