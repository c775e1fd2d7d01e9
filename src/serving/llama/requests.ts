import { z } from 'zod';
import { messageSchema } from '../../rag/types.ts';
import { servedNameSchema } from '../types.ts';
import { type JsonSchema, jsonSchemaSchema } from './json-schema.ts';

const contentPart = z.object({ type: z.literal('text'), text: z.string() });

/** Text, or a list of text parts, as OpenAI's clients send it. */
const contentSchema = z
  .union([z.string(), z.array(contentPart)])
  .transform((content) => (typeof content === 'string' ? content : content.map((part) => part.text).join('')));

const chatMessageSchema = z
  .object({ role: z.enum(['system', 'developer', 'user', 'assistant']), content: contentSchema })
  .transform(({ role, content }) => messageSchema.parse({ role: role === 'developer' ? 'system' : role, content }));

const stopSchema = z
  .union([z.string(), z.array(z.string()).max(16)])
  .nullish()
  .transform((stop) => (stop == null ? [] : typeof stop === 'string' ? [stop] : stop));

/** As many as vLLM gives by default. */
const MAX_LOGPROBS = 20;

const responseFormatSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({ name: z.string().optional(), strict: z.boolean().nullish(), schema: jsonSchemaSchema }),
  }),
]);
type ResponseFormat = z.infer<typeof responseFormatSchema>;

/** What the answer must be: undefined = text. */
export function jsonWanted(format: ResponseFormat | null | undefined): JsonSchema | 'any' | undefined {
  if (format?.type === 'json_schema') return format.json_schema.schema;
  return format?.type === 'json_object' ? 'any' : undefined;
}
const textOnly = (format: ResponseFormat | null | undefined): boolean => jsonWanted(format) === undefined;

/** A chat completion. What we cannot do is refused, not ignored: an answer that quietly lacks it would be a lie. */
const chatFieldsSchema = z.object({
  model: z.string(),
  messages: z.array(chatMessageSchema).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.number().int().min(0).max(0xffff_ffff).nullish(),
  max_tokens: z.number().int().positive().nullish(),
  max_completion_tokens: z.number().int().positive().nullish(),
  stop: stopSchema,
  /** As vLLM calls it: above 1, tokens the answer has already become less likely. */
  repetition_penalty: z.number().gt(0).max(2).nullish(),
  n: z.literal(1, { error: 'only n = 1 is supported by the embedded engine' }).nullish(),
  tools: z.array(z.unknown()).length(0, { error: 'tools are not supported by the embedded engine' }).nullish(),
  response_format: responseFormatSchema.nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.number().int().min(0).max(MAX_LOGPROBS).nullish(),
  /** Who asks: clients that wait take turns. */
  user: z.string().max(200).nullish(),
  /** Ours: strict (the default) reuses nothing of earlier requests; false lets a chat reuse its beginning. */
  ragtui: z.object({ strict: z.boolean().default(true), client: z.string().max(200).optional() }).optional(),
});
export const chatRequestSchema = chatFieldsSchema.refine((sent) => !sent.logprobs || textOnly(sent.response_format), {
  path: ['logprobs'],
  error: 'not together with response_format on the embedded engine',
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

const tokenizeOptions = { model: z.string().optional(), return_token_strs: z.boolean().nullish() };
export const tokenizeRequestSchema = z.union([
  z.object({ ...tokenizeOptions, messages: z.array(chatMessageSchema).min(1) }),
  z.object({ ...tokenizeOptions, prompt: z.string() }),
]);
export type TokenizeRequest = z.infer<typeof tokenizeRequestSchema>;

export const detokenizeRequestSchema = z.object({ model: z.string().optional(), tokens: z.array(z.number().int()) });

/** As vLLM has them. */
export const loadAdapterSchema = z.object({
  lora_name: servedNameSchema,
  lora_path: z.string().min(1),
  load_inplace: z.boolean().nullish(),
});
export const unloadAdapterSchema = z.object({ lora_name: z.string() });
