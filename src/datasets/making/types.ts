import { z } from 'zod';

const name = z.string().min(1);
const seed = z.number().int().nonnegative();
const concurrency = z.number().int().min(1).max(64);

/** Ranks among the passages that are not the row's own, from 1; both ends count. */
const rankWindow = z
  .tuple([z.number().int().min(1), z.number().int().min(1).max(900)])
  .refine(([from, to]) => from <= to, 'the first rank comes before the last');

const ranked = {
  count: z.number().int().min(1).max(100),
  ranks: rankWindow,
  /** `sample` draws from the window by the seed, `top` takes its first. */
  choose: z.enum(['sample', 'top']),
};

/** Where negatives come from. A passage that one source gave is not taken again by the next. */
export const negativeSourceSchema = z.discriminatedUnion('from', [
  z.object({ from: z.literal('random'), count: z.number().int().min(1).max(100) }),
  z.object({ from: z.literal('bm25'), ...ranked }),
  z.object({ from: z.literal('embedder'), embedder: name, ...ranked }),
  /** The negatives that a retrieval dataset has already, in their order. */
  z.object({ from: z.literal('existing') }),
]);
export type NegativeSource = z.infer<typeof negativeSourceSchema>;

/**
 * How far below the positive a negative must score: `absolute` s ≤ p − value, `share` s ≤ value · p. Scores are of the
 * source: cosines of its embedder, or BM25, which takes only a share.
 */
export const marginSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('absolute'), value: z.number().min(0).max(2) }),
  z.object({ kind: z.literal('share'), value: z.number().gt(0).max(1) }),
]);
export type Margin = z.infer<typeof marginSchema>;

/** Which negatives are taken for likely positives, and set apart. */
export const auditSchema = z.object({
  /** Same text, near-duplicate, or one inside the other. */
  duplicates: z.boolean(),
  /** One of the row's answers stands in the negative (answers that are too short or too common say nothing). */
  answers: z.boolean(),
  /** A negative that scores above the positive by more than this (cosine of `embedder`); null: not looked at. */
  above: z.number().min(-1).max(1).nullable(),
  /** Measures `above` and the difficulty; null: the first embedder among the sources, if any. */
  embedder: name.nullable(),
  /** A cross-encoder that scores a negative at least `threshold`. */
  reranker: z.object({ id: name, threshold: z.number().min(0).max(1) }).nullable(),
  /** An LLM that is asked whether the passage answers the question. */
  judge: z.object({ llm: name }).nullable(),
});
export type AuditSettings = z.infer<typeof auditSchema>;

export const NO_AUDIT: AuditSettings = {
  duplicates: false,
  answers: false,
  above: null,
  embedder: null,
  reranker: null,
  judge: null,
};
export const USUAL_AUDIT: AuditSettings = { ...NO_AUDIT, duplicates: true, answers: true };

/** What is made of a part of a dataset, and what it is called. */
const fromDataset = {
  dataset: name,
  /** Immutable version of the dataset. */
  version: name,
  part: name,
  as: name,
};

export const negativesSchema = z.object({
  what: z.literal('negatives'),
  ...fromDataset,
  seed,
  /** The embedder's query instruction, written into every row as `prompt`; '' = none. */
  instruction: z.string(),
  sources: z.array(negativeSourceSchema).min(1),
  /** Passages of a knowledge base instead of the dataset's own contexts; its index then answers for the embedder. */
  kb: z.object({ name, group: name.nullable() }).nullable(),
  margin: marginSchema.nullable(),
  /** Whether what a source could not give is filled up at random. */
  fill: z.boolean(),
  audit: auditSchema,
  concurrency,
});

export const OPERATIONS = ['drop-quotes', 'shuffle-json', 'typos', 'width', 'distractors', 'no-answer'] as const;
export const operationSchema = z.enum(OPERATIONS);
export type Operation = z.infer<typeof operationSchema>;

export const augmentSchema = z.object({
  what: z.literal('augment'),
  ...fromDataset,
  seed,
  /** Of the rows, how many are damaged. */
  share: z.number().gt(0).max(1),
  /** `copy` keeps every row and adds damaged copies; `replace` damages the rows themselves. */
  mode: z.enum(['copy', 'replace']),
  operations: z.array(operationSchema).min(1),
  /** What is to be said where the context holds no answer. */
  refusal: name,
});

/** The prompt that rows are rendered with: one of the built-in ones by name, or with its text. */
export const sftTemplateSchema = z.object({
  name,
  text: z.object({ system: z.string(), user: z.string() }).nullable(),
});
export type SftTemplate = z.infer<typeof sftTemplateSchema>;

const sftSchema = z.object({
  what: z.literal('sft'),
  ...fromDataset,
  /** Of questions with contexts; sft rows keep their own words. */
  template: sftTemplateSchema,
  /** KEY of `{{KEY_START}}…{{KEY_END}}` around each output; null: none. */
  markers: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, 'capitals, digits and _')
    .nullable(),
  /** JSON Schema that each output must satisfy, in the form of JSON text; null: outputs are plain text. */
  schema: z.string().nullable(),
});

export const synthesizeSchema = z.object({
  what: z.literal('synthesize'),
  kb: name,
  group: name.nullable(),
  llm: name,
  /** Questions to be accepted. */
  count: z.number().int().min(1),
  as: name,
  seed,
  language: z.enum(['auto', 'en', 'zh']),
  /** Questions asked of one chunk. */
  perChunk: z.number().int().min(1).max(10),
  /** At most so many chunks are asked about; null: all. */
  chunks: z.number().int().min(1).nullable(),
  temperature: z.number().min(0).max(2),
  maxTokens: z.number().int().min(16),
  concurrency,
});

export const labelSchema = z.object({
  what: z.literal('label'),
  ...fromDataset,
  llm: name,
  /** Where the passages of questions without a context are looked up. */
  kb: z.object({ name, group: name.nullable() }).nullable(),
  seed,
  temperature: z.number().min(0).max(2),
  maxTokens: z.number().int().min(16),
  concurrency,
});

/** A column of an evaluation. */
const runColumn = z.object({ run: name, column: name.nullable() });
const preferenceSchema = z.object({
  what: z.literal('preference'),
  as: name,
  from: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('votes'),
      /** Only comparisons over this knowledge base; null: all. */
      kb: name.nullable(),
      /** Only votes given while the names were hidden. */
      blind: z.boolean(),
    }),
    z.object({
      kind: z.literal('runs'),
      a: runColumn,
      b: runColumn,
      metric: name,
      /** Pairs that differ by less say nothing. */
      difference: z.number().gt(0),
    }),
  ]),
});

/** The work of a `make-data` job, complete at its start, so that it can be done again. */
export const makingSchema = z.discriminatedUnion('what', [
  negativesSchema,
  augmentSchema,
  sftSchema,
  synthesizeSchema,
  labelSchema,
  preferenceSchema,
]);
export type Making = z.infer<typeof makingSchema>;
export type MakingOf<W extends Making['what']> = Extract<Making, { what: W }>;

/** What a `make-data` job made: the body of its artifact `dataset`. */
export const madeSchema = z.object({
  dataset: z.string(),
  version: z.string(),
  kind: z.string(),
  rows: z.number().int(),
  /** False when the dataset already had exactly these rows. */
  added: z.boolean(),
  /** Numbers worth showing, in their order: {"negatives": 70, "quarantined: answer": 3}. */
  counts: z.record(z.string(), z.number()),
  /** One line each: what fell short, and why. */
  notes: z.array(z.string()),
  usage: z.object({ requests: z.number().int(), promptTokens: z.number().int(), completionTokens: z.number().int() }),
  /** Null where the prices of the endpoint are not set. */
  cost: z.object({ amount: z.number(), currency: z.string() }).nullable(),
});
export type Made = z.infer<typeof madeSchema>;
