import { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { parseJsonReply } from './parse-reply.ts';
import type { PromptLanguage } from './prompts.ts';

/** A JSON Schema that outputs are checked against. */
export interface OutputSchema {
  /** As it is shown to the model: on one line. */
  readonly text: string;
  /** The output as JSON on one line, its keys in the order of the schema; or what is wrong with it. */
  check(output: string): { readonly ok: true; readonly output: string } | { readonly ok: false; readonly why: string };
}

/** Errors: `invalid` for what is no JSON Schema of an object or list. */
export function outputSchema(text: string): OutputSchema {
  const { schema, plain } = read(text);
  return {
    text: JSON.stringify(plain),
    check(output) {
      const value = parseExactly(output);
      if (value === undefined) return { ok: false, why: 'it is no JSON' };
      const parsed = schema.safeParse(value);
      if (parsed.success) return { ok: true, output: JSON.stringify(parsed.data) };
      const [issue] = parsed.error.issues;
      const where = issue?.path.join('.') ?? '';
      return { ok: false, why: `${where === '' ? '' : `${where}: `}${issue?.message ?? 'it does not fit the schema'}` };
    },
  };
}

const jsonSchema = z.looseObject({ type: z.enum(['object', 'array']) });

function read(text: string): { schema: z.ZodType; plain: unknown } {
  try {
    const plain = jsonSchema.parse(JSON.parse(text));
    return { schema: z.fromJSONSchema(plain), plain };
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is no JSON' : toRagtuiError(error).message;
    throw new RagtuiError(
      'invalid',
      `The schema cannot be used: ${why}.`,
      'Write a JSON Schema of an object or a list.',
    );
  }
}

/** A target is JSON as it stands, or in a code fence; nothing is mended in what a model is to learn. */
export function parseExactly(output: string): unknown {
  const inside = /^\s*```(?:json)?\s*([\s\S]*?)```\s*$/i.exec(output)?.[1] ?? output;
  try {
    return JSON.parse(inside);
  } catch {
    return undefined;
  }
}

/** What a prompt adds, so that a model knows the form of its answer. */
export const schemaInstruction = (schema: OutputSchema, language: PromptLanguage): string =>
  language === 'zh'
    ? `请只回复一个符合下面 JSON Schema 的 JSON，不要有其他内容：\n${schema.text}`
    : `Reply with JSON that fits this JSON Schema, and nothing else:\n${schema.text}`;

/** An answer of a tuned model as data: its JSON mended where it can be, checked against the schema. */
export function readStructured(schema: OutputSchema, output: string): ReturnType<OutputSchema['check']> {
  const value = parseJsonReply(output);
  return value === undefined ? { ok: false, why: 'it is no JSON' } : schema.check(JSON.stringify(value));
}
