import { z } from 'zod';
import { memberFiguresSchema } from '../models/pool-figures.ts';
import { serverCanarySchema } from '../models/server-canary.ts';
import { gpusSchema, machineSchema, processTreeSchema } from '../platform/telemetry/types.ts';

const percentilesSchema = z.object({ p50: z.number(), p95: z.number() });
export type Percentiles = z.infer<typeof percentilesSchema>;

/** Places for adapters in a batch: how many there are, who has one, who waits for one. */
export const loraSlotsSchema = z.object({
  slots: z.number().nullable(),
  running: z.array(z.string()),
  waiting: z.array(z.string()),
});
export type LoraSlots = z.infer<typeof loraSlotsSchema>;

/** One copy of the model behind a server (vLLM's data parallelism): its `engine` label. */
export const enginePartSchema = z.object({
  name: z.string(),
  running: z.number().nullable(),
  waiting: z.number().nullable(),
  kvCache: z.number().nullable(),
  /** Tokens a second between the last two readings. */
  generationRate: z.number().nullable(),
});
export type EnginePart = z.infer<typeof enginePartSchema>;

/** What a server does, from its counters by differences. Null = it does not tell, or nothing happened to measure. */
export const serverFiguresSchema = z.object({
  running: z.number().nullable(),
  waiting: z.number().nullable(),
  /** Share of the KV cache in use, 0…1. */
  kvCache: z.number().nullable(),
  /** Prompt tokens found in the prefix cache / asked for, over the last minute, 0…1. */
  prefixHits: z.number().nullable(),
  /** Tokens a second between the last two readings. */
  promptRate: z.number().nullable(),
  generationRate: z.number().nullable(),
  /** Over the last minute, ms, from the server's histogram: interpolated within a bucket. */
  firstTokenMs: percentilesSchema.nullable(),
  gapMs: percentilesSchema.nullable(),
  /** Requests thrown out of the cache for others, over the last minute. */
  preemptions: z.number().nullable(),
  lora: loraSlotsSchema.nullable(),
  /** Of a server of several copies: each of them. */
  parts: z.array(enginePartSchema).optional(),
});
export type ServerFigures = z.infer<typeof serverFiguresSchema>;

/** What a server says of itself without being asked to do anything. */
export const serverFactsSchema = z.object({
  /** `vllm`, `sglang`, `ollama`, `llama.cpp`; '' = it does not tell. */
  engine: z.string(),
  version: z.string(),
  /** What it lists, at most a hundred. */
  models: z.array(
    z.object({
      id: z.string(),
      contextTokens: z.number().nullable(),
      /** vLLM: the base of an adapter. */
      parent: z.string().nullable(),
    }),
  ),
  /** Ollama: what is in memory now, bytes. */
  loaded: z.array(z.object({ id: z.string(), bytes: z.number().nullable(), gpuBytes: z.number().nullable() })),
});
export type ServerFacts = z.infer<typeof serverFactsSchema>;

/** A server behind a column, at one moment. */
export const serverSampleSchema = z.object({
  /** Address without user, password and query. */
  url: z.string(),
  /** What the columns call it: LLMs that are answered there. */
  names: z.array(z.string()),
  /** `llama`, `vllm` for ours; what its metrics look like for others; '' = unknown. */
  engine: z.string(),
  /**
   * `starting`: the job runs and does not answer yet; `silent`: it has no metrics; `unreachable`: it does not answer;
   * `slow`: not within a second; `denied`: it wants another key; `garbage`: what it sends is no metrics.
   */
  state: z.enum(['ok', 'starting', 'silent', 'unreachable', 'slow', 'denied', 'garbage']),
  figures: serverFiguresSchema.nullable(),
  /** Its counters went back: another process answers now; differences begin anew. */
  restarted: z.boolean(),
  /** The process and its children, when it runs on this machine as a job of ours. */
  processes: processTreeSchema.nullable(),
  /** GPU memory of these processes, bytes. */
  gpuMemory: z.number().nullable(),
  /** The job, if it is a server of ours. */
  job: z.string().nullable(),
  /** When it last answered anything at all, milliseconds since 1970; null = not since it is looked at. */
  answeredAt: z.number().nullable(),
  /** Since when it is looked at, milliseconds since 1970. */
  watchedAt: z.number(),
  /** What a server that is not ours says of itself; null = not asked, or it says nothing. */
  facts: serverFactsSchema.nullable(),
  /** Of a server of a pool: what our processes asked of it. */
  asked: memberFiguresSchema.optional(),
  /** Of a server of an embedder: when it was last looked whether its vectors are the promised ones. */
  canary: serverCanarySchema.optional(),
});
export type ServerSample = z.infer<typeof serverSampleSchema>;

/** A process that was asked for by its id (the worker of a job), with all below it. */
export const watchedProcessSchema = z.object({
  pid: z.number().int(),
  processes: processTreeSchema,
  /** GPU memory of these processes, bytes; null = none, or the driver does not tell. */
  gpuMemory: z.number().nullable(),
});

/** From the telemetry worker to whoever started it. */
export const telemetrySampleSchema = z.object({
  type: z.literal('sample'),
  /** Milliseconds since 1970. */
  at: z.number(),
  machine: machineSchema,
  gpus: gpusSchema,
  servers: z.array(serverSampleSchema),
  /** Those that are gone are left out. */
  processes: z.array(watchedProcessSchema),
});
export type TelemetrySample = z.infer<typeof telemetrySampleSchema>;

/** To the telemetry worker: look once now, and from then on every `everyMs` (0 = not again until asked). */
export const telemetryWatchSchema = z.object({
  type: z.literal('watch'),
  /** LLMs as columns name them. */
  llms: z.array(z.string()),
  /** Processes to look at besides. */
  pids: z.array(z.number().int().positive()),
  /** Every server of ours, and every one the user added that is no hosted service. */
  all: z.boolean().default(false),
  everyMs: z.number().int().min(0),
});
export type TelemetryWatch = z.input<typeof telemetryWatchSchema>;
