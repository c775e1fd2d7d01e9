import { z } from 'zod';
import { makingSchema } from '../datasets/making/types.ts';
import { engineDeviceSchema, engineNameSchema } from '../engines/types.ts';
import { evaluationSchema, judgingSchema } from '../evaluation/types.ts';
import { launcherSchema } from '../hosts/types.ts';
import { nodeGroupSchema } from '../kb/types.ts';
import type { Brand } from '../platform/ids.ts';
import { recipeWorkSchema } from '../recipes/types.ts';
import { loadTestSchema } from '../serving/load-test/types.ts';
import { serveSchema } from '../serving/types.ts';
import { embedderTrainingSchema, trainingSchema } from '../training/types.ts';

export type JobId = Brand<string, 'JobId'>;
/** Sortable and safe in a path: `20261123-061530-ingest-4f2a`. */
export const jobIdSchema = z
  .string()
  .regex(/^\d{8}-\d{6}-[a-z-]+-[0-9a-f]{4}$/)
  .transform((id) => id as JobId);

/** What a job does. Later issues add members; nothing else has to change. */
export const jobWorkSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('ingest'),
    kb: z.string(),
    /** Absolute paths of files and folders. */
    roots: z.array(z.string()).min(1),
    groups: z.array(nodeGroupSchema).min(1),
    embedders: z.array(z.string()),
    watch: z.boolean(),
    prune: z.boolean(),
    /** Embedder processes of one thread each; absent = all cores but one. */
    threads: z.number().int().positive().optional(),
  }),
  z.object({
    /** Vectors and index of another embedder, beside those of the live one. */
    kind: z.literal('shadow'),
    kb: z.string(),
    embedder: z.string(),
    /** Embedder processes of one thread each; absent = all cores but one. */
    threads: z.number().int().positive().optional(),
  }),
  z.object({ kind: z.literal('serve'), ...serveSchema.shape }),
  z.object({ kind: z.literal('pull'), models: z.array(z.string()).min(1) }),
  z.object({
    kind: z.literal('engine-install'),
    engine: engineNameSchema,
    device: engineDeviceSchema,
    /** An existing environment's Python that is used as it is, instead of one made by us. */
    python: z.string().optional(),
    /** The host it is made on; absent: this machine. */
    launcher: launcherSchema.optional(),
  }),
  z.object({
    kind: z.literal('train-llm'),
    ...trainingSchema.shape,
    /** The host its engine runs on; absent: this machine. */
    launcher: launcherSchema.optional(),
  }),
  z.object({
    kind: z.literal('train-embedder'),
    ...embedderTrainingSchema.shape,
    /** The host its engine runs on; absent: this machine. */
    launcher: launcherSchema.optional(),
  }),
  z.object({ kind: z.literal('evaluate'), ...evaluationSchema.shape }),
  z.object({ kind: z.literal('judge'), ...judgingSchema.shape }),
  z.object({ kind: z.literal('make-data'), making: makingSchema }),
  z.object({ kind: z.literal('load-test'), test: loadTestSchema }),
  z.object({ kind: z.literal('recipe'), ...recipeWorkSchema.shape }),
]);
export type JobWork = z.infer<typeof jobWorkSchema>;

/** Of a training that is to become a task of an array job, with others of its recipe. */
const arraySeatSchema = z.object({
  /** The recipe's job, and which of its arrays. */
  recipe: z.string().regex(/^[A-Za-z0-9-]+$/),
  group: z.number().int().positive(),
  /** From 1, of so many. */
  index: z.number().int().positive(),
  size: z.number().int().positive(),
  /** So many run at once; absent: as many as there is room for. */
  atOnce: z.number().int().positive().optional(),
});
export type ArraySeat = z.infer<typeof arraySeatSchema>;

export const jobSpecSchema = z.object({
  version: z.literal(1),
  id: jobIdSchema,
  name: z.string(),
  createdAt: z.iso.datetime(),
  /** Of a job that does a step of a recipe: which one, by the hash of its inputs; by this the recipe finds it again. */
  step: z.string().optional(),
  array: arraySeatSchema.optional(),
  work: jobWorkSchema,
});
export type JobSpec = z.infer<typeof jobSpecSchema>;

export const jobStateSchema = z.enum([
  'queued',
  'starting',
  'running',
  'stopping',
  'succeeded',
  'failed',
  'stopped',
  'lost',
]);
export type JobState = z.infer<typeof jobStateSchema>;
export const isOver = (state: JobState): boolean => ['succeeded', 'failed', 'stopped', 'lost'].includes(state);

/** Of a state that is not the end: whether the job has left the queue. */
export const hasStarted = (state: JobState): boolean => ['starting', 'running', 'stopping'].includes(state);

export const progressSchema = z.object({
  /** What is going on: "reading", "embedding", "waiting for ingest 2026…". */
  phase: z.string(),
  done: z.number(),
  total: z.number(),
  unit: z.string(),
  /** Units per second, smoothed. */
  rate: z.number().nullable(),
  secondsLeft: z.number().nullable(),
  /** More numbers for the panel, named for the screen: {"documents": 12, "tokens/s": 2410}. */
  details: z.record(z.string(), z.number()).default({}),
});
export type Progress = z.infer<typeof progressSchema>;

const envelope = {
  /** Grows by one per writer. */
  seq: z.number().int().nonnegative(),
  time: z.iso.datetime(),
  /** The supervisor and the worker append to one file; each line is one write() of less than 4 KiB or the file is locked. */
  writer: z.enum(['supervisor', 'worker']),
};

/** A line of `events.jsonl`. */
export const jobEventSchema = z.discriminatedUnion('type', [
  z.object({ ...envelope, type: z.literal('state'), state: jobStateSchema, reason: z.string().default('') }),
  z.object({ ...envelope, type: z.literal('progress'), progress: progressSchema }),
  z.object({ ...envelope, type: z.literal('metric'), name: z.string(), step: z.number(), value: z.number() }),
  z.object({ ...envelope, type: z.literal('log'), level: z.enum(['info', 'warn', 'error']), text: z.string() }),
  z.object({
    ...envelope,
    type: z.literal('artifact'),
    name: z.string(),
    path: z.string(),
    data: z.unknown().optional(),
  }),
  z.object({ ...envelope, type: z.literal('error'), code: z.string(), message: z.string(), hint: z.string() }),
]);
export type JobEvent = z.infer<typeof jobEventSchema>;

/** A job as screens and `jobs list` see it, folded from its folder. */
export interface JobView {
  readonly spec: JobSpec;
  /** What a person said about it. */
  readonly note: string;
  readonly tags: readonly string[];
  readonly folder: string;
  readonly state: JobState;
  readonly reason: string;
  readonly progress: Progress | null;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** When it started, in seconds since the machine did; null: not on this boot, or not known. */
  readonly startedUptime: number | null;
  /** From its start to its end, by the clock that nobody sets. */
  readonly seconds: number | null;
  /** Of a job whose supervisor lives: its last sign of life (machine seconds) and how long the job had said nothing then. */
  readonly heartbeat: { readonly uptime: number; readonly quiet: number } | null;
  readonly pid: number | null;
  /** Of a `lost` job: its processes that go on although supervisor and worker are dead. Stopping ends them. */
  readonly orphans: readonly number[];
  /** Indexes of the GPUs it has for itself, now or at its end. */
  readonly gpus: readonly number[];
  /** What it started on another host, and whether that may go on there, or wait there to be brought here. */
  readonly far?: { readonly host: string; readonly run: string; readonly open: boolean };
  /** Of a `serve` job: where it answers. */
  readonly endpoint: { readonly url: string; readonly model: string } | null;
}

/** Where a job's engine runs: `local`, `ssh:HOST` or `slurm:HOST`. Pure. */
export const launcherName = (work: JobWork): string => ('launcher' in work ? work.launcher : undefined) ?? 'local';

/** Why a job cannot be stopped; null: it can, also what outlived its keepers. Pure. */
export const whyNotStop = ({ state, orphans }: JobView): 'over' | null =>
  isOver(state) && orphans.length === 0 ? 'over' : null;

/** Why a job cannot be gone on with; null: it can. Pure. */
export function whyNotResume(job: JobView): 'running' | 'done' | 'server' | null {
  const { state, spec } = job;
  if (whyNotStop(job) === null) return 'running';
  if (spec.work.kind === 'serve') return 'server';
  return state === 'succeeded' ? 'done' : null;
}
