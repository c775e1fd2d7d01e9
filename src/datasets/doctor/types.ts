import { z } from 'zod';

export const severitySchema = z.enum(['error', 'warning', 'info']);
export type Severity = z.infer<typeof severitySchema>;

const rowNumber = z.number().int().nonnegative();

/** What a fix does to its row; applying several makes one new version of the dataset, and undo goes back to the old one. */
export const fixSchema = z.discriminatedUnion('kind', [
  /** `rows`: those that go instead of the finding's own, as the training rows that a test row leaks from. */
  z.object({ kind: z.literal('drop-row'), rows: z.array(rowNumber).optional() }),
  /** `path` as in the row's JSON: `answers.0`, `messages.2.content`, `answers`. */
  z.object({ kind: z.literal('set'), path: z.string(), from: z.unknown(), to: z.unknown() }),
]);
export type Fix = z.infer<typeof fixSchema>;

export const findingSchema = z.object({
  /** Id of the rule that found it: `answer-not-in-context`. */
  rule: z.string(),
  severity: severitySchema,
  /** Row number in the version, from 0; null when it is about the dataset as a whole. */
  row: rowNumber.nullable(),
  /** Another row it is about: its duplicate, the training row it leaks from. `dataset` when that is another one. */
  other: z.object({ row: rowNumber, dataset: z.string().optional() }).optional(),
  /** What and why, in one line. */
  message: z.string(),
  /** In words, '' = nothing can be done automatically. */
  advice: z.string().default(''),
  fix: fixSchema.nullable().default(null),
});
export type Finding = z.infer<typeof findingSchema>;

/** What was asked of a check; the same question about the same rows has the same answer. */
export const checkQuestionSchema = z.object({
  /** A split, a part of one (`tutorial/test`), or `all`. */
  split: z.string(),
  /** Rules beyond the usual ones (`personal-data`), and those left out. */
  rules: z.array(z.string()),
  model: z.string().nullable(),
  cutoff: z.number().int().positive().nullable(),
  /** Evaluation sets that nothing may leak from: `NAME@VERSION:PART`. */
  against: z.array(z.string()),
});
export type CheckQuestion = z.infer<typeof checkQuestionSchema>;

const countsSchema = z.object({ error: z.number().int(), warning: z.number().int(), info: z.number().int() });

/** What the training engine will make of the rows. */
export const forecastSchema = z.object({
  engine: z.enum(['llamafactory', 'flagembedding']),
  /** Rows looked at. */
  rows: z.number().int(),
  /** Rows that our export writes; the others are incomplete. */
  exported: z.number().int(),
  /** Rows that the engine then trains on. */
  kept: z.number().int(),
  /** Why the others are not kept: reason and how many. */
  lost: z.array(z.object({ reason: z.string(), rows: z.number().int() })),
  /** Kept, but shortened to the cutoff; null without a model. */
  shortened: z.number().int().nullable(),
  /** Of these, rows that lose a part of the answer. */
  answersCut: z.number().int().nullable(),
  /** Why the engine (or our export) would refuse the file as a whole; '' = it will not. */
  refused: z.string(),
});
export type Forecast = z.infer<typeof forecastSchema>;

export const lengthsSchema = z.object({
  /** Whose tokens. */
  model: z.string(),
  /** What is counted: the whole conversation as it is trained on, or the passages of an embedder. */
  what: z.string(),
  cutoff: z.number().int(),
  rows: z.number().int(),
  longest: z.number().int(),
  mean: z.number(),
  percentiles: z.object({ p50: z.number(), p90: z.number(), p99: z.number() }),
  /** Rows by token count: from (inclusive) to (exclusive). */
  histogram: z.array(z.object({ from: z.number().int(), to: z.number().int(), rows: z.number().int() })),
  /** What each cutoff would cost. */
  cutoffs: z.array(
    z.object({
      cutoff: z.number().int(),
      shortened: z.number().int(),
      answersCut: z.number().int(),
      /** Share of all tokens that would not be trained on, 0 to 1. */
      tokensLost: z.number(),
    }),
  ),
});
export type Lengths = z.infer<typeof lengthsSchema>;

/** How many rows of one part (or of this dataset, against another) leak, by kind; a row may count under several. */
export const leakCountSchema = z.object({
  /** `tutorial/test`, or `all`. */
  part: z.string(),
  rows: z.number().int(),
  /** `tutorial/train`, or `NAME:PART`. */
  from: z.string(),
  /** Rows with any of these. */
  dirty: z.number().int(),
  id: z.number().int(),
  question: z.number().int(),
  context: z.number().int(),
  nearContext: z.number().int(),
  run: z.number().int(),
});
export type LeakCount = z.infer<typeof leakCountSchema>;

/** The answer of a check, beside which its findings lie in a file. */
export const checkSummarySchema = z.object({
  format: z.literal(1),
  /** Names its files below `findings/` of the version. */
  key: z.string(),
  dataset: z.string(),
  version: z.string(),
  question: checkQuestionSchema,
  /** Rows looked at. */
  rows: z.number().int(),
  findings: z.number().int(),
  severities: countsSchema,
  rules: z.array(
    z.object({
      id: z.string(),
      version: z.number().int(),
      title: z.string(),
      count: z.number().int(),
      /** Findings in the file; more than a hundred thousand of one rule are only counted. */
      listed: z.number().int(),
      fixable: z.number().int(),
      severities: countsSchema,
    }),
  ),
  /** Rows by the writing they are mostly in. */
  languages: z.record(z.string(), z.number().int()),
  /** Whether answers are taken from their context word for word; null when there are no contexts. */
  extractive: z.boolean().nullable(),
  /** For each engine that this kind of rows is for. */
  forecasts: z.array(forecastSchema),
  lengths: lengthsSchema.nullable(),
  leaks: z.array(leakCountSchema),
  checkedAt: z.string(),
  milliseconds: z.number(),
});
export type CheckSummary = z.infer<typeof checkSummarySchema>;
