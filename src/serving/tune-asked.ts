import { openDataset } from '../datasets/open.ts';
import { SFT_SYSTEM } from '../datasets/render.ts';
import { questionOf } from '../datasets/row-question.ts';
import { listAdapters, modelStatus, tunedModels } from '../models/store.ts';
import { toRagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { isServed } from './resolve.ts';

/** How a tune and its base are asked so that the model is all that differs. */
export interface TuneAsked {
  /** The base and the tune as columns name them: on one engine. */
  readonly base: string;
  readonly tuned: string;
  /** What its rows were written with; `PROMPT@TUNE` where its system text is not the usual one: the base gets it too. */
  readonly prompt: string;
  /** The rows gave a passage to read. */
  readonly reads: boolean;
}

/**
 * The prompt, system text and engine for a tune beside its base, from what it was trained on: an adapter or a model of
 * its own. Undefined for a name that is no tune. Reads small files and one row.
 */
export function tuneAsked(paths: WorkspacePaths, name: string): TuneAsked | undefined {
  const tune = findTune(paths, name);
  if (!tune) return undefined;
  const engine = sameEngine(paths, tune.base, name);
  const reads = rowsRead(paths, tune.lineage);
  const usual = tune.system === '' || (reads && tune.system === SFT_SYSTEM);
  return {
    base: `${tune.base}${engine}`,
    tuned: `${name}${engine}`,
    prompt: `${reads ? 'sft' : 'plain'}${usual ? '' : `@${name}`}`,
    reads,
  };
}

export interface Tune {
  readonly base: string;
  readonly system: string;
  readonly lineage: Readonly<Record<string, unknown>>;
  /** A model of its own; else it rides on its base. */
  readonly whole: boolean;
}

/** What was tuned here, or brought in, under a name. */
export function findTune(paths: WorkspacePaths, name: string): Tune | undefined {
  const model = tunedModels(paths).get(name);
  if (model) return { base: model.base, system: model.templateSystem, lineage: model.lineage, whole: true };
  const adapter = listAdapters(paths).find((one) => one.name === name);
  return adapter && { base: adapter.base, system: adapter.templateSystem, lineage: adapter.lineage, whole: false };
}

/** Whether both models are here as files that the embedded server reads. */
export const haveGguf = (paths: WorkspacePaths, ids: readonly string[]): boolean =>
  ids.every((id) => modelStatus(paths, id).entry.files.some(({ name }) => name === 'model.gguf'));

/** '' where nothing else than the embedded engine would be asked. */
function sameEngine(paths: WorkspacePaths, base: string, name: string): '' | '@llama' | '@vllm' {
  const onVllm = [base, name].filter((one) => isServed(paths, `${one}@vllm`)).length;
  if (onVllm === 2) return '@vllm';
  const whole = tunedModels(paths).has(name);
  if (!haveGguf(paths, whole ? [base, name] : [base])) return '@vllm';
  return onVllm === 0 ? '' : '@llama';
}

/** Whether the first row of its part is the tutorial's prompt around a passage; so is every row of a `qa` dataset. */
function rowsRead(paths: WorkspacePaths, { dataset: name, datasetVersion: version, split }: Tune['lineage']): boolean {
  if (typeof name !== 'string') return true;
  try {
    const dataset = openDataset(paths, name, typeof version === 'string' ? { version } : {});
    if (dataset.kind === 'qa') return true;
    const [first] = typeof split === 'string' && split !== 'all' ? dataset.rowNumbers(split) : [0];
    const row = first === undefined || dataset.count() === 0 ? undefined : dataset.row(first);
    return row === undefined || questionOf(row).written === 'sft';
  } catch (error) {
    // A dataset that was deleted meanwhile: as most are trained.
    if (toRagtuiError(error).code === 'internal') throw error;
    return true;
  }
}
