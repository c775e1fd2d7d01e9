import { createHash } from 'node:crypto';
import type { JsonElement } from './json-elements.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The object in a piece of JSON, or in a few words why there is none. */
export function parseObject(element: JsonElement): JsonObject | string {
  try {
    return asObject(JSON.parse(element.text)) ?? 'it is not a JSON object';
  } catch {
    return 'it is not JSON';
  }
}

export function asObject(value: unknown): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

/** The first of these fields that is there and text; numbers become text. */
export function textField(object: JsonObject, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = object[name];
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}

/** The id of a context that has none of its own: 16 hex digits of the sha256 of its text. */
export function contextIdOf(context: string): string {
  return createHash('sha256').update(context).digest('hex').slice(0, 16);
}

/** What an incomplete row lacks, for a warning: `its question is empty`. */
export function emptyFields(fields: Readonly<Record<string, string>>): string | undefined {
  const empty = Object.entries(fields).flatMap(([name, value]) => (value.trim() === '' ? [name] : []));
  if (empty.length === 0) return undefined;
  return `${empty.join(', ')} ${empty.length === 1 ? 'is' : 'are'} empty; it is kept, but never exported`;
}
