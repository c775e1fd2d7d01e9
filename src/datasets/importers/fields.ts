import { hash } from 'node:crypto';
import { isObject, type JsonObject } from '../records/types.ts';

/** The first of these fields that is there and text; numbers become text. */
export function textField(object: JsonObject, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = object[name];
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}

export const isText = (value: unknown): value is string => typeof value === 'string';

/** A list as it is, or written as JSON in the cell of a table. */
export function listOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (!isText(value) || !value.trimStart().startsWith('[')) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Texts in a list, or one text alone, numbers as text; undefined where something else stands. */
export function textsOf(value: unknown): string[] | undefined {
  const list = listOf(value) ?? (isText(value) || typeof value === 'number' ? [value] : undefined);
  if (!list) return undefined;
  const texts = list.map((one) => (typeof one === 'number' ? String(one) : one));
  return texts.every(isText) ? texts : undefined;
}

/** What stands at `a.b` of an object; a column whose own name has dots goes first. */
export function valueAt(object: JsonObject, path: string): unknown {
  if (path in object) return object[path];
  let at: unknown = object;
  for (const name of path.split('.')) {
    if (!isObject(at)) return undefined;
    at = at[name];
  }
  return at;
}

/** The id of a context that has none of its own: 16 hex digits of the sha256 of its text. */
export function contextIdOf(context: string): string {
  return hash('sha256', context, 'hex').slice(0, 16);
}

/** What an incomplete row lacks, for a warning: `its question is empty`. */
export function emptyFields(fields: Readonly<Record<string, string>>): string | undefined {
  const empty = Object.entries(fields).flatMap(([name, value]) => (value.trim() === '' ? [name] : []));
  if (empty.length === 0) return undefined;
  return `${empty.join(', ')} ${empty.length === 1 ? 'is' : 'are'} empty; it is kept, but never exported`;
}
