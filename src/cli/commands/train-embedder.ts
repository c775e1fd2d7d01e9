import type { Command } from 'commander';
import { z } from 'zod';
import { type EmbedderOptions, embedderOptionsSchema } from '../../training/types.ts';

const lengths = z
  .string()
  .regex(/^\d+(,\d+)*$/, 'numbers with commas, e.g. 64,128,384')
  .transform((text) => text.split(',').map(Number));

/** What `train embedder` takes beyond `train llm`. */
export const embedderFields = {
  evalSplit: z.string().min(1).optional(),
  keep: z.enum(['best', 'last'], 'best or last').optional(),
  matryoshka: lengths.optional(),
  temperature: z.coerce.number('a number').positive('above 0').optional(),
  negatives: z.coerce.number('a whole number').int('a whole number').positive('1 or more').optional(),
  instruction: z.enum(['on', 'off'], 'on or off').default('on'),
  distill: z.boolean().default(false),
  int8: z.boolean().default(false),
};
type Fields = z.output<z.ZodObject<typeof embedderFields>>;

export function addEmbedderOptions(command: Command): void {
  command
    .option(
      '--eval-split <part>',
      'held-out part that is searched while it trains, or "none" (default: the sibling part dev or test)',
    )
    .option('--keep <best|last>', 'which step becomes the embedder: the best by MRR@10, or the last (default)')
    .option('--matryoshka <lengths>', 'vectors that may be cut to these lengths, e.g. 64,128,384')
    .option('--temperature <t>', 'of the loss (default: 0.02)')
    .option('--negatives <n>', 'negatives a row in each step (default: 3 on a CPU, 7 in the tutorial)')
    .option('--instruction <on|off>', "the base's instruction before every query, in training and in use (default: on)")
    .option('--distill', 'learn from the scores of a teacher (rows with pos_scores and neg_scores)')
    .option('--int8', 'also make NAME-int8, an embedder with int8 weights');
}

/** The options as the job wants them; undefined when none was given. */
export function embedderOptionsOf(fields: Fields): EmbedderOptions | undefined {
  const { instruction, distill, int8, ...rest } = fields;
  const options = embedderOptionsSchema.parse({
    ...rest,
    ...(instruction === 'off' ? { instruction: false } : {}),
    ...(distill ? { distill: true } : {}),
    ...(int8 ? { int8: true } : {}),
  });
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return Object.keys(given).length === 0 ? undefined : given;
}
