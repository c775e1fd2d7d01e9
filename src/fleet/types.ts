import { z } from 'zod';
import type { Host, HostFacts } from '../hosts/types.ts';
import type { JobView } from '../jobs/types.ts';
import { gpusSchema, type Machine, machineSchema } from '../platform/telemetry/types.ts';
import { type ServerSample, serverSampleSchema } from '../serving/metrics-types.ts';

/** This machine among the places; hosts go by their names, which are never empty. */
export const HERE = '';

export const diskSchema = z.object({
  /** The folder whose disk it is. */
  place: z.string(),
  total: z.number(),
  free: z.number(),
});
export type Disk = z.infer<typeof diskSchema>;

/** Who has devices of a place, or waits for some. On this machine a job of any workspace, elsewhere a run. */
export const holdSchema = z.object({
  owner: z.string(),
  /** '' = only the owner's id is known. */
  name: z.string(),
  /** UUIDs or indexes of GPUs, or `cpu`; empty while it waits. */
  devices: z.array(z.string()),
  /** Why it waits; '' = it does not. */
  waits: z.string(),
  /** Place in line from 1, where the place keeps a line. */
  position: z.number().int().nullable(),
});
export type Hold = z.infer<typeof holdSchema>;

/** Something of ours that goes on at a place, as that place tells it. */
export const runSchema = z.object({
  run: z.string(),
  state: z.enum(['queued', 'running']),
  startedAt: z.string(),
});

export const placeEngineSchema = z.object({ name: z.string(), device: z.string(), version: z.string() });
export type PlaceEngine = z.infer<typeof placeEngineSchema>;

/** What a place was seen to be at one moment. What could not be read is null or `unknown`, never 0. */
export const lookSchema = z.object({
  /** This machine's clock. */
  at: z.iso.datetime(),
  machine: machineSchema,
  disk: diskSchema.nullable(),
  gpus: gpusSchema,
  /** By pid of a process on a GPU, the job or run that it belongs to. */
  owners: z.record(z.string(), z.string()),
  holds: z.array(holdSchema),
  runs: z.array(runSchema),
  engines: z.array(placeEngineSchema),
});
export type Look = z.infer<typeof lookSchema>;

export const lostSchema = z.object({
  /** When it was first asked in vain. */
  since: z.iso.datetime(),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
});
export type Lost = z.infer<typeof lostSchema>;

/** What is remembered of a place: the last answer, however old, and since when there is none. */
export const seenSchema = z.object({
  look: lookSchema.nullable(),
  lost: lostSchema.nullable(),
  /** When it was last asked, with or without an answer. */
  askedAt: z.iso.datetime(),
});
export type Seen = z.infer<typeof seenSchema>;

/** From whoever looks to whoever shows it. Servers are asked over HTTP from here, wherever they run. */
export const sightingSchema = z.object({
  place: z.string(),
  seen: seenSchema,
  servers: z.array(serverSampleSchema).nullable(),
});
export type Sighting = z.infer<typeof sightingSchema>;

/** Something known with the moment it was true; null: nobody has said. */
export type Fact<T> = { readonly value: T; readonly at: string } | null;

export type Reach =
  | { readonly state: 'reached' }
  /** It did not answer, or not as it must. */
  | ({ readonly state: 'lost' } & Lost)
  /** Nobody has looked yet. */
  | { readonly state: 'unseen' };

export type GpuHolder =
  | { readonly kind: 'ours'; readonly id: string; readonly name: string }
  /** Processes that are not ours. */
  | { readonly kind: 'others'; readonly processes: number };

/** Bytes, shares 0…1; null = not known. */
export interface PlaceGpu {
  readonly index: number;
  readonly name: string;
  readonly busy: number | null;
  readonly memoryUsed: number | null;
  readonly memoryTotal: number | null;
  readonly temperature: number | null;
  /** Null: nobody could tell; empty: free. */
  readonly holders: readonly GpuHolder[] | null;
}

export type PlaceGpus =
  | { readonly state: 'ok'; readonly gpus: readonly PlaceGpu[] }
  | { readonly state: 'unknown' | 'none' }
  | { readonly state: 'failed'; readonly reason: string };

/** A job of ours at a place; one that another workspace or machine started there has no view. */
export interface PlaceJob {
  readonly id: string;
  readonly name: string;
  readonly view: JobView | null;
  /** Why it waits; '' = it does not, or nobody says. */
  readonly waits: string;
  readonly position: number | null;
}

export interface PlaceServer {
  readonly id: string;
  readonly name: string;
  readonly job: JobView | null;
  readonly sample: ServerSample;
}

/** A machine as the screen shows it. */
export interface Place {
  readonly id: string;
  readonly host: Host | null;
  readonly reach: Reach;
  /** When the last answer came; null: never. */
  readonly seenAt: string | null;
  /** Since when it takes no new jobs. */
  readonly drainedAt: string | null;
  readonly system: Fact<string>;
  /** Of a login node: what of Slurm is reached there; null: it is none, or nobody knows. */
  readonly slurm: Fact<NonNullable<HostFacts['slurm']>>;
  readonly cores: Fact<number>;
  readonly machine: Fact<Machine>;
  readonly memoryTotal: Fact<number>;
  readonly disk: Fact<{ readonly place: string; readonly free: number; readonly total: number | null }>;
  readonly gpus: Fact<PlaceGpus>;
  readonly engines: Fact<readonly PlaceEngine[]>;
  readonly jobs: readonly PlaceJob[];
  readonly servers: Fact<readonly PlaceServer[]>;
}
