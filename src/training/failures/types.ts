import { z } from 'zod';
import { settingSchema } from '../types.ts';

export const FAILURE_KINDS = [
  'memory',
  'killed',
  'disk',
  'data',
  'template',
  'setting',
  'version',
  'device',
  'base',
  'network',
  'permission',
  'resume',
  'distributed',
  'diverged',
  'unknown',
] as const;

/** `failure.json` of a training's job: why the engine failed and what shows it. */
export const failureSchema = z.object({
  kind: z.enum(FAILURE_KINDS),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  /** One to five lines of the engine's own output; none when it printed nothing. */
  lines: z.array(z.string()).max(5),
  /** The process that failed first, when there were several. */
  rank: z.number().int().nonnegative().nullable(),
  /** Bytes, as the allocator tells them; null where it does not. */
  memory: z
    .object({
      asked: z.number().nullable(),
      free: z.number().nullable(),
      total: z.number().nullable(),
      inUse: z.number().nullable(),
    })
    .nullable(),
  /** After an out-of-memory: what to change next. */
  rung: z.object({ id: z.string(), changes: z.record(z.string(), settingSchema), keepsBatch: z.boolean() }).nullable(),
});
export type Failure = z.infer<typeof failureSchema>;
export type FailureKind = Failure['kind'];
