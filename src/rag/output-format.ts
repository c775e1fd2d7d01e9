import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { ResponseFormat } from '../models/endpoint.ts';
import { errnoOf, RagtuiError } from '../platform/errors.ts';
import type { OutputFormat } from './types.ts';

const schemaFile = z.looseObject({ type: z.enum(['object', 'array']) });

/**
 * The form of a column's answers: `json`, or the JSON Schema in a file. Errors: `usage` for a file that cannot be read or
 * holds no JSON Schema of an object or list.
 */
export function readOutputFormat(value: string): OutputFormat {
  if (value === 'json') return { type: 'json' };
  const name = path
    .basename(value)
    .replace(/\.json$/i, '')
    .replace(/\.schema$/i, '');
  return { type: 'schema', name, schema: readSchemaFile(value) };
}

/** A JSON Schema of an object or list from a file. Errors: `usage`. */
export function readSchemaFile(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = errnoOf(error) === 'ENOENT' ? 'there is no such file' : String(errnoOf(error));
    throw new RagtuiError('usage', `The JSON Schema ${file} cannot be read: ${why}.`, 'Name a file, or json.');
  }
  try {
    return schemaFile.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is no JSON' : 'it needs "type": "object" or "array"';
    throw new RagtuiError('usage', `${file} is no JSON Schema to answer in: ${why}.`);
  }
}

/** Names that OpenAI takes for a schema. */
const safeName = (name: string): string => name.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 64) || 'answer';

/** What the endpoint is told. `strict` only where the schema is one that OpenAI takes strictly. */
export function responseFormatOf(format: OutputFormat | undefined): ResponseFormat | undefined {
  if (!format) return undefined;
  if (format.type === 'json') return { type: 'json_object' };
  const { name, schema } = format;
  return { type: 'json_schema', json_schema: { name: safeName(name), strict: isClosed(schema), schema } };
}

/** Whether every object names all its fields, needs all of them and takes no others. */
function isClosed(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isClosed);
  if (typeof value !== 'object' || value === null) return true;
  const node = new Map<string, unknown>(Object.entries(value));
  const properties = node.get('properties');
  if (typeof properties === 'object' && properties !== null && node.get('type') === 'object') {
    const required = node.get('required');
    const needed = new Set<unknown>(Array.isArray(required) ? required : []);
    if (node.get('additionalProperties') !== false) return false;
    if (!Object.keys(properties).every((name) => needed.has(name))) return false;
  }
  return [...node.values()].every(isClosed);
}

/** A format in few words: `json`, or the schema's name with the beginning of its hash. */
export function formatLabel(format: OutputFormat): string {
  if (format.type === 'json') return 'json';
  return `${format.name}#${createHash('sha256').update(JSON.stringify(format.schema)).digest('hex').slice(0, 8)}`;
}
