import { z } from 'zod';

export const datasetKindSchema = z.enum(['qa', 'sft', 'retrieval', 'preference']);
export type DatasetKind = z.infer<typeof datasetKindSchema>;

const scalarSchema = z.union([z.string(), z.number(), z.boolean()]);

/**
 * A question about a context. Fields may be empty, as they are in the file it came from (then the row is
 * incomplete: see `isComplete`); a row that is left out would change the numbers of all rows after it.
 */
export const qaRowSchema = z.object({
  id: z.string().min(1),
  contextId: z.string().min(1),
  context: z.string(),
  question: z.string(),
  /** Best first; training uses the first. */
  answers: z.array(z.string()).min(1),
  metadata: z.record(z.string(), scalarSchema).default({}),
});
export type QaRow = z.infer<typeof qaRowSchema>;

/** Alpaca: `system` is absent when the data has none, which is not the same as an empty one. */
export const alpacaRowSchema = z.object({
  form: z.literal('alpaca'),
  id: z.string().min(1),
  system: z.string().optional(),
  /** Earlier turns, oldest first: [user, assistant]. */
  history: z.array(z.tuple([z.string(), z.string()])).default([]),
  instruction: z.string(),
  input: z.string(),
  output: z.string(),
});
export type AlpacaRow = z.infer<typeof alpacaRowSchema>;

export const messagesRowSchema = z.object({
  form: z.literal('messages'),
  id: z.string().min(1),
  messages: z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })).min(2),
});
export type MessagesRow = z.infer<typeof messagesRowSchema>;

export const sftRowSchema = z.discriminatedUnion('form', [alpacaRowSchema, messagesRowSchema]);
export type SftRow = z.infer<typeof sftRowSchema>;

export const retrievalRowSchema = z.object({
  query: z.string().min(1),
  pos: z.array(z.string()).min(1),
  neg: z.array(z.string()),
  /** The embedder's query instruction; absent: none. */
  prompt: z.string().optional(),
  /** A teacher's scores, one for each passage, to distill from. */
  pos_scores: z.array(z.number()).optional(),
  neg_scores: z.array(z.number()).optional(),
});
export type RetrievalRow = z.infer<typeof retrievalRowSchema>;

/** Two answers to one conversation, one better than the other (DPO and its kin). */
export const preferenceRowSchema = z.object({
  id: z.string().min(1),
  /** What both answer: an optional system turn, then user and assistant turns in turn, ending with the user. */
  messages: z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })).min(1),
  chosen: z.string(),
  rejected: z.string(),
});
export type PreferenceRow = z.infer<typeof preferenceRowSchema>;

export interface RowOf {
  readonly qa: QaRow;
  readonly sft: SftRow;
  readonly retrieval: RetrievalRow;
  readonly preference: PreferenceRow;
}
export type DatasetRow = RowOf[DatasetKind];

/** What each kind's lines in rows.jsonl must be. */
export const rowSchemas: { readonly [K in DatasetKind]: z.ZodType<RowOf[K]> } = {
  qa: qaRowSchema,
  sft: sftRowSchema,
  retrieval: retrievalRowSchema,
  preference: preferenceRowSchema,
};

export const splitMethodSchema = z.enum(['context', 'random', 'stratified', 'tutorial']);
export type SplitMethod = z.infer<typeof splitMethodSchema>;

/** One way of cutting a version into parts; the row numbers stand in the file. */
export const splitSchema = z.object({
  /** The method's, or one of its own: a part is called `context/test`, or `test` where only one split has it. */
  name: z.string(),
  /** `files`: the parts are those that the imported files named. */
  method: z.enum([...splitMethodSchema.options, 'files']),
  seed: z.number().int().nonnegative(),
  parameters: z.record(z.string(), z.number()),
  /** What stays in one part: rows of one `context`, of `near` equal ones, of one value of `field:NAME`; absent: `none`. */
  group: z.string().optional(),
  /** What the parts have in the same shares, and how many rows of each part that gave; of `stratified` alone. */
  by: z.string().optional(),
  strata: z.record(z.string(), z.record(z.string(), z.number().int())).optional(),
  /** The version it was made for, whose rows it still holds but for those that are gone since. */
  carriedFrom: z.string().optional(),
  parts: z.array(
    z.object({
      name: z.string(),
      rows: z.number().int().nonnegative(),
      /** Rows whose exact context is also in part `train`; 0 for `train` itself. */
      sharedWithTrain: z.number().int().nonnegative(),
    }),
  ),
  /** Name below `splits/` of the version; holds the hash of its content and never changes. */
  file: z.string(),
  createdAt: z.string(),
});
export type Split = z.infer<typeof splitSchema>;

/** Row numbers by part, in the order in which they are read. */
export const splitFileSchema = z.record(z.string(), z.array(z.number().int().nonnegative()));
export type SplitFile = z.infer<typeof splitFileSchema>;

/** One file that rows came from. */
export const sourceFileSchema = z.object({
  /** Its path within the folder or the hub's dataset. */
  name: z.string(),
  sha256: z.string(),
  bytes: z.number().int().nonnegative(),
  format: z.string(),
  encoding: z.string(),
  rows: z.number().int().nonnegative(),
  skipped: z.number().int().nonnegative(),
});
export type SourceFile = z.infer<typeof sourceFileSchema>;

export const lineageSchema = z.object({
  source: z.object({
    /** A file's or folder's name, `hub:owner/name@commit`, or `dataset NAME VERSION`. */
    name: z.string(),
    sha256: z.string(),
    bytes: z.number().int().nonnegative(),
    format: z.string(),
  }),
  /** The files, where there were several. */
  sources: z.array(sourceFileSchema).optional(),
  steps: z.array(
    z.object({
      name: z.string(),
      parameters: z.record(z.string(), scalarSchema),
      seed: z.number().int().optional(),
    }),
  ),
  programVersion: z.string(),
  createdAt: z.string(),
});
export type Lineage = z.infer<typeof lineageSchema>;

/** One immutable set of rows. */
export const versionSchema = z.object({
  /** `v-` and 12 hex digits of the rows' sha256; the name of its folder. */
  version: z.string().regex(/^v-[0-9a-f]{12}$/),
  kind: datasetKindSchema,
  rows: z.number().int().positive(),
  /** As data sets are counted: one for each row, also where two rows ask the same. */
  questions: z.number().int().nonnegative(),
  /** Different context texts that are not empty; positives for `retrieval`, 0 for `sft`. */
  contexts: z.number().int().nonnegative(),
  /** Rows with an empty question, context or first answer: kept, but never exported. */
  incomplete: z.number().int().nonnegative(),
  bytes: z.number().int().positive(),
  sha256: z.string(),
  lineage: lineageSchema,
  splits: z.array(splitSchema).default([]),
});
export type DatasetVersion = z.infer<typeof versionSchema>;

/** `dataset.json`: a dataset exists when this does. */
export const datasetFileSchema = z.object({
  format: z.literal(1),
  name: z.string().min(1),
  current: z.string(),
  versions: z.array(versionSchema).min(1),
});
export type DatasetFile = z.infer<typeof datasetFileSchema>;

/** A dataset as it is shown: its name and one of its versions, the current one unless asked otherwise. */
export interface DatasetManifest extends DatasetVersion {
  readonly name: string;
  readonly slug: string;
  readonly current: boolean;
}

/** What is wrong with one row of a source. `skipped`: it is not in the dataset; `warning`: it is. */
export interface RowProblem {
  readonly severity: 'skipped' | 'warning';
  /** The file, where there were several. */
  readonly file?: string;
  /** Of the source file, from 1; of Parquet the number of the row. */
  readonly line: number;
  readonly message: string;
}

/** Whether nothing of a question is missing, so that it can be trained on and asked. */
export function isComplete(row: QaRow): boolean {
  return row.context.trim() !== '' && row.question.trim() !== '' && (row.answers[0] ?? '').trim() !== '';
}
