import { z } from 'zod';

/** Whether an adapter changes what its base says: the same prompts on both at temperature 0. */
export const effectCheckSchema = z.object({
  /** `nothing`: every token has the base's own probability, so the adapter does nothing. `unknown`: it could not be asked. */
  state: z.enum(['works', 'nothing', 'unknown']),
  /** The largest difference of a log-probability (natural logarithm); null when other tokens were chosen. */
  largest: z.number().nullable(),
  /** The same between two answers of the base: what the server makes of rounding. 0 = it repeats itself exactly. */
  noise: z.number().nullable(),
  /** Tokens compared. */
  tokens: z.number().int().nonnegative(),
  /** Why it is unknown; else ''. */
  why: z.string(),
  checkedAt: z.iso.datetime(),
});
export type EffectCheck = z.infer<typeof effectCheckSchema>;

/** Whether the server makes the same tokens of a chat as the training did. */
export const servedTemplateSchema = z.object({
  state: z.enum(['same', 'differs', 'unknown']),
  /** `training`: tokens that the training compared with its engine's; `base`: our own rendering of the base's chat template. */
  against: z.enum(['training', 'base']),
  /** Tokens the server made. */
  tokens: z.number().int().nonnegative(),
  /** Of the first token that differs; null when none does. */
  firstDifference: z.number().int().nonnegative().nullable(),
  /** What differs, or why it is unknown; else ''. */
  why: z.string(),
  checkedAt: z.iso.datetime(),
});
export type ServedTemplateCheck = z.infer<typeof servedTemplateSchema>;

/** One version of an adapter on a server: a copy of its own under a name of its own, so that no cache mixes two. */
export const adapterVersionSchema = z.object({
  version: z.number().int().positive(),
  /** The name the server knows it by: `sft.v2`. */
  served: z.string(),
  /** Where the server reads it: the copy in the job's folder. */
  path: z.string(),
  /** Where it came from. */
  source: z.string(),
  /** Of its weights; null where nobody has taken it. */
  sha256: z.string().nullable(),
  rank: z.number().int().positive().nullable(),
  /** `loading`: the server was asked and nobody has written down its answer yet. */
  state: z.enum(['loading', 'loaded', 'unloaded']),
  loadedAt: z.iso.datetime(),
  effect: effectCheckSchema.nullable(),
  template: servedTemplateSchema.nullable(),
});
export type AdapterVersion = z.infer<typeof adapterVersionSchema>;

/** An adapter on a server, by the name people use; which of its versions that name means now. */
export const deployedAdapterSchema = z.object({
  name: z.string(),
  current: z.number().int().positive(),
  /** Oldest first. */
  versions: z.array(adapterVersionSchema),
});
export type DeployedAdapter = z.infer<typeof deployedAdapterSchema>;

/** What a vLLM server was started for; an adapter beyond it needs a restart. */
export const loraRoomSchema = z.object({
  slots: z.number().int().nonnegative(),
  maxRank: z.number().int().nonnegative(),
});
export type LoraRoom = z.infer<typeof loraRoomSchema>;

/** `adapters.json` in the folder of a `serve` job. */
export const adaptersFileSchema = z.object({
  version: z.literal(1),
  /** Null = the server sets no limit (the embedded one); slots 0 = it takes no adapters. */
  room: loraRoomSchema.nullable(),
  adapters: z.array(deployedAdapterSchema),
});
export type AdaptersFile = z.infer<typeof adaptersFileSchema>;

/** The version that an adapter's plain name means now. */
export const currentVersion = ({ versions, current }: DeployedAdapter): AdapterVersion | undefined =>
  versions.find(({ version }) => version === current);
