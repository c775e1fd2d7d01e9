import { z } from 'zod';

/** As many texts as OpenAI takes in one request. */
const MAX_INPUTS = 2048;

const TOKENS = 'token ids belong to another tokenizer: send the texts themselves';

const inputSchema = z.unknown().transform((input, context): string[] => {
  const list: readonly unknown[] = Array.isArray(input) ? input : [input];
  const texts = list.filter((one) => typeof one === 'string');
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (list.some((one) => typeof one === 'number' || Array.isArray(one))) return refuse(TOKENS);
  if (texts.length < list.length) return refuse('a text or a list of texts');
  if (texts.length === 0) return refuse('there is no text in it');
  if (texts.length > MAX_INPUTS) return refuse(`at most ${MAX_INPUTS} texts in one request, not ${texts.length}`);
  return texts;
});

/** A request for embeddings. What we cannot do is refused, not ignored. */
export const embeddingsRequestSchema = z.object({
  model: z.string(),
  input: inputSchema,
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.number().int().positive().nullish(),
  user: z.string().max(200).nullish(),
  /** vLLM's: −1 cuts at what the model reads, which is what is done anyway. */
  truncate_prompt_tokens: z.literal(-1, { error: 'only -1: texts are cut at what the model reads' }).nullish(),
  /** Other servers' way to say "a query": ours is the model's name. */
  input_type: z.null({ error: 'ask for the model NAME:query to have the query instruction put in front' }).optional(),
});
export type EmbeddingsRequest = z.infer<typeof embeddingsRequestSchema>;
