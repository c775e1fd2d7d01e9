import { z } from 'zod';

/** A value of a variable. */
export const scalarSchema = z.union([z.string(), z.number(), z.boolean()]);
export type Scalar = z.infer<typeof scalarSchema>;

/** The work of a `recipe` job, complete at its start: the file may change meanwhile, the job does not. */
export const recipeWorkSchema = z.object({
  /** Name in the recipe. */
  name: z.string().min(1),
  /** Where it was read from; files that it names are looked for from there. */
  file: z.string().min(1),
  /** It came with the program: the same one lies elsewhere in another installation. */
  shipped: z.boolean().optional(),
  /** Where the command was given: files are looked for there too. */
  cwd: z.string().min(1),
  text: z.string().min(1).max(500_000),
  vars: z.record(z.string(), scalarSchema),
});
export type RecipeWork = z.infer<typeof recipeWorkSchema>;

export const STEP_KINDS = [
  'engine',
  'models',
  'import',
  'use',
  'select',
  'negatives',
  'prepare',
  'split',
  'kb',
  'train',
  'deploy',
  'evaluate',
  'gate',
] as const;
export const stepKindSchema = z.enum(STEP_KINDS);
export type StepKind = z.infer<typeof stepKindSchema>;

/**
 * What a step made, as later steps use it and as it is found again. `digest` stands for the content: another digest of
 * the same step is another input for those that follow.
 */
export const madeSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('engine'),
    digest: z.string(),
    /** Of the host that has it; absent: this machine. */
    launcher: z.string().optional(),
    versions: z.record(z.string(), z.string()),
    device: z.string(),
  }),
  z.object({ type: z.literal('models'), digest: z.string(), models: z.array(z.string()) }),
  z.object({
    type: z.literal('dataset'),
    digest: z.string(),
    dataset: z.string(),
    version: z.string(),
    rows: z.number().int(),
    contexts: z.number().int(),
    rowKind: z.string(),
    /** Of the last split that was made of it. */
    split: z
      .object({
        name: z.string(),
        reason: z.string(),
        parts: z.array(z.object({ name: z.string(), rows: z.number().int(), sharedWithTrain: z.number().int() })),
      })
      .nullable(),
    /** What is worth telling of how it was made, a sentence each. */
    notes: z.array(z.string()),
  }),
  z.object({
    type: z.literal('kb'),
    digest: z.string(),
    kb: z.string(),
    documents: z.number().int(),
    chunks: z.number().int(),
    embedders: z.array(z.string()),
  }),
  z.object({
    type: z.literal('model'),
    digest: z.string(),
    name: z.string(),
    what: z.enum(['llm', 'embedder']),
    /** What it is compared with: the untuned one, in the same form. */
    base: z.string(),
    dataset: z.string(),
    rows: z.number().int(),
    /** Where it was trained; absent: on this machine. */
    launcher: z.string().optional(),
    steps: z.number().int().nullable(),
    firstLoss: z.number().nullable(),
    lastLoss: z.number().nullable(),
    /** The folder of what came of it, and its files by size and time, so that they need not be read to be known. */
    folder: z.string(),
    files: z.record(z.string(), z.object({ size: z.number(), mtimeMs: z.number(), sha256: z.string() })),
  }),
  z.object({
    type: z.literal('server'),
    digest: z.string(),
    model: z.string(),
    adapters: z.array(z.string()),
    engine: z.string(),
    /** Where it runs; absent: on this machine. */
    launcher: z.string().optional(),
    readySeconds: z.number().nullable(),
  }),
  z.object({
    type: z.literal('run'),
    digest: z.string(),
    job: z.string(),
    items: z.number().int(),
    errors: z.number().int(),
    primary: z.string(),
    columns: z.array(z.object({ name: z.string(), mean: z.number().nullable() })),
  }),
  z.object({
    type: z.literal('gate'),
    digest: z.string(),
    says: z.enum(['yes', 'no']),
    sentences: z.array(z.object({ answer: z.string(), sentence: z.string() })),
  }),
]);
export type Made = z.infer<typeof madeSchema>;
export type MadeOf<T extends Made['type']> = Extract<Made, { type: T }>;

/** `recipes/.results/KEY.json` of the workspace: a step that is done, under the hash of all that decides its result. */
export const stepResultSchema = z.object({
  format: z.literal(1),
  key: z.string(),
  kind: stepKindSchema,
  name: z.string(),
  made: madeSchema,
  /** The job that did it; null: it was done in the recipe's own process. */
  job: z.string().nullable(),
  /** That it took, all attempts together. */
  seconds: z.number().nonnegative(),
  doneAt: z.iso.datetime(),
  programVersion: z.string(),
});
export type StepResult = z.infer<typeof stepResultSchema>;

/**
 * `kept`: nothing of it changed since it was done. `unneeded`: nobody needs it this time (a server whose evaluations
 * are all there). `blocked`: a step before it failed.
 */
const stepStateSchema = z.enum(['waiting', 'running', 'done', 'kept', 'unneeded', 'failed', 'blocked', 'stopped']);

const stepStatusSchema = z.object({
  id: z.string(),
  kind: stepKindSchema,
  /** Its name in the recipe: of a dataset, a training … */
  name: z.string(),
  title: z.string(),
  state: stepStateSchema,
  /** What it did, or is doing, or why it did not. */
  detail: z.string(),
  key: z.string().nullable(),
  job: z.string().nullable(),
  /** So far, or that it took. */
  seconds: z.number().nullable(),
  /** From what was measured before, or a forecast; null: not known. */
  expected: z.number().nullable(),
  progress: z
    .object({
      phase: z.string(),
      done: z.number(),
      total: z.number(),
      unit: z.string(),
      rate: z.number().nullable(),
      secondsLeft: z.number().nullable(),
    })
    .nullable(),
  /** The variants of a sweep that it is for, from 1; empty: there is no sweep. */
  variants: z.array(z.number().int()),
  /** Ids of the steps whose results it takes. */
  after: z.array(z.string()),
  /** Of one that is done beside others: those of the same turn, so many of them at once. */
  together: z.object({ turn: z.number().int(), atOnce: z.number().int() }).optional(),
});
export type StepStatus = z.infer<typeof stepStatusSchema>;

const ACHIEVED: readonly StepStatus['state'][] = ['done', 'kept', 'unneeded'];

/** Whether what a step is for is there; a stopped or failed one has still to be done. */
export const isAchieved = ({ state }: Pick<StepStatus, 'state'>): boolean => ACHIEVED.includes(state);

/** `steps.json` in the folder of a recipe's job: how far it is. Written by its worker alone. */
export const recipeStatusSchema = z.object({
  format: z.literal(1),
  recipe: z.string(),
  /** What each variant of a sweep sets; empty: there is no sweep. */
  variants: z.array(z.record(z.string(), scalarSchema)),
  paused: z.boolean(),
  steps: z.array(stepStatusSchema),
  gate: z.enum(['yes', 'no']).nullable(),
  /** Files of the report, once it is written. */
  report: z.object({ md: z.string(), html: z.string() }).nullable(),
});
export type RecipeStatus = z.infer<typeof recipeStatusSchema>;
