import { isSlurm } from '../src/hosts/types.ts';
import type { JobWork } from '../src/jobs/types.ts';
import type { EmbedderTraining, Training, TrainingKind } from '../src/training/types.ts';
import type { TrainingForm, TrainingWay } from './training-types.ts';

const SEED = 42;
/** What only one kind of training has, before anybody chose anything. */
export const AS_USUAL = {
  method: null,
  stage: 'sft',
  template: null,
  system: null,
  gpus: null,
  nodes: null,
  embedder: {},
  allowUnservable: undefined,
} as const satisfies Partial<TrainingForm>;
/** The form before anybody filled in anything. */
export const NEW_TRAINING: TrainingForm = {
  kind: 'llm',
  dataset: null,
  split: 'all',
  base: null,
  name: '',
  launcher: null,
  preset: 'cpu',
  settings: {},
  limit: null,
  seed: SEED,
  ...AS_USUAL,
};

/** The form as a training; undefined while something is missing. What the kind has not, or is as usual, is left out. */
export function trainingOf(form: TrainingForm): EmbedderTraining | undefined {
  const { dataset, split, base, name, settings, seed, limit, gpus, nodes, launcher } = form;
  if (dataset === null || base === null || name === '') return undefined;
  return {
    ...{ dataset, split, base, name, settings, seed },
    ...wayOf(form),
    ...(limit === null ? {} : { limit }),
    ...(gpus === null ? {} : { gpus }),
    // Only Slurm gives any.
    ...(nodes === null || nodes === 1 || !isSlurm(launcher ?? undefined) ? {} : { nodes }),
    ...(form.kind === 'llm' ? llmOptionsOf(form) : embedderOptionsOf(form)),
  };
}

function llmOptionsOf({ template, system, allowUnservable }: TrainingForm): Partial<Training> {
  return {
    ...(template === null ? {} : { template }),
    ...(system === null ? {} : { system }),
    ...(allowUnservable ? { allowUnservable } : {}),
  };
}

const embedderOptionsOf = ({ embedder }: TrainingForm): Pick<EmbedderTraining, 'embedder'> =>
  Object.keys(embedder).length === 0 ? {} : { embedder };

/** All that a training was told but for its name, as the form holds it. */
export function formOf(work: JobWork & { readonly kind: 'train-llm' | 'train-embedder' }): Omit<TrainingForm, 'name'> {
  const { dataset, split, base, preset, settings, seed } = work;
  return {
    ...AS_USUAL,
    ...{ dataset, split, base, preset, settings, seed },
    launcher: work.launcher ?? null,
    limit: work.limit ?? null,
    gpus: work.gpus ?? null,
    nodes: work.nodes ?? null,
    ...(work.kind === 'train-embedder'
      ? { kind: 'embedder', embedder: work.embedder ?? {} }
      : {
          kind: 'llm',
          method: work.method ?? null,
          stage: work.stage ?? 'sft',
          template: work.template ?? null,
          system: work.system ?? null,
          allowUnservable: work.allowUnservable,
        }),
  };
}

/** Preset, method and stage; what an embedder has not, or is as usual, is left out. */
export function wayOf({ kind, preset, method, stage }: TrainingForm): TrainingWay {
  if (kind === 'embedder') return { preset };
  return { preset, ...(method === null ? {} : { method }), ...(stage === 'sft' ? {} : { stage }) };
}

/** A training as the work of a job. */
export function workOf(kind: TrainingKind, wanted: EmbedderTraining, launcher: string | null = null): JobWork {
  const where = launcher === null ? {} : { launcher };
  return kind === 'llm' ? { kind: 'train-llm', ...wanted, ...where } : { kind: 'train-embedder', ...wanted, ...where };
}

/** The texts a training is made of: what token lengths depend on. */
export const rowsOfTraining = ({ dataset, split, base, limit, template, system }: Training): string =>
  JSON.stringify([dataset, split, base, limit ?? null, template ?? null, system ?? null]);
