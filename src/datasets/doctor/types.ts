import { z } from 'zod';

export const severitySchema = z.enum(['error', 'warning', 'info']);
export type Severity = z.infer<typeof severitySchema>;

/** What a fix does to its row; applying several makes one new version of the dataset, and undo goes back to the old one. */
export const fixSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('drop-row') }),
  /** `path` as in the row's JSON: `answers.0`, `messages.2.content`. */
  z.object({ kind: z.literal('set'), path: z.string(), from: z.unknown(), to: z.unknown() }),
]);
export type Fix = z.infer<typeof fixSchema>;

export const findingSchema = z.object({
  /** Id of the rule that found it: `answer-not-in-context`. */
  rule: z.string(),
  severity: severitySchema,
  /** Row number in the version, from 0; null when it is about the dataset as a whole. */
  row: z.number().int().nonnegative().nullable(),
  /** Another row it is about: its duplicate, the training row it leaks from. `dataset` when that is another one. */
  other: z.object({ row: z.number().int().nonnegative(), dataset: z.string().optional() }).optional(),
  /** What and why, in one line. */
  message: z.string(),
  /** In words, '' = nothing can be done automatically. */
  advice: z.string().default(''),
  fix: fixSchema.nullable().default(null),
});
export type Finding = z.infer<typeof findingSchema>;
