import { z } from 'zod';
import { ERROR_CODES } from '../../platform/errors.ts';
import { extractedDocumentSchema } from '../types.ts';
import { loadOptionsSchema } from './types.ts';

/** Pool → child. The child sends one batch, then waits for `next`. */
export const toParserSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('parse'), id: z.number().int(), path: z.string(), options: loadOptionsSchema }),
  z.object({ type: z.literal('next'), id: z.number().int() }),
]);
export type ToParser = z.input<typeof toParserSchema>;

/** Child → pool. `error` has the parts of a RagtuiError. */
export const fromParserSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('batch'), id: z.number().int(), documents: z.array(extractedDocumentSchema) }),
  z.object({ type: z.literal('end'), id: z.number().int() }),
  z.object({
    type: z.literal('error'),
    id: z.number().int(),
    code: z.enum(ERROR_CODES),
    message: z.string(),
    hint: z.string(),
  }),
]);
export type FromParser = z.output<typeof fromParserSchema>;
