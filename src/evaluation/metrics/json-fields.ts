import { parseJsonReply } from '../../datasets/making/parse-reply.ts';
import { parseExactly } from '../../datasets/making/structured.ts';
import { foldedCase } from './folded.ts';
import type { ScoredItem } from './types.ts';

/** Deeper than that nothing is looked at: an answer is no program. */
const DEEPEST = 64;
const NUMBER = /^[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** A field with a value: its path (`seller.name`, `items[].price`) and the value as it is compared. */
export interface JsonField {
  readonly path: string;
  readonly value: string;
}

/** An object or a list, as it stands or in one code fence; undefined for anything else. */
export function jsonExactly(output: string): object | undefined {
  const value = parseExactly(output);
  return typeof value === 'object' && value !== null ? value : undefined;
}

/** The same, mended and found among other words where it can be. */
function jsonLeniently(output: string): object | undefined {
  const value = jsonExactly(output) ?? parseJsonReply(output);
  return typeof value === 'object' && value !== null ? value : undefined;
}

/**
 * The fields of a JSON value that have a value. Elements of a list share one path, so lists are compared as multisets;
 * what is null, or an empty object or list, is as if it were not there. Pure.
 */
export function jsonFields(value: unknown, path = '', depth = 0): JsonField[] {
  if (value === null || value === undefined || depth > DEEPEST) return [];
  if (Array.isArray(value)) return value.flatMap((one) => jsonFields(one, `${path}[]`, depth + 1));
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([name, one]) =>
      jsonFields(one, path === '' ? name : `${path}.${name}`, depth + 1),
    );
  }
  return [{ path, value: comparable(value) }];
}

/** Scalars are equal as texts: width, case and white space aside, and numbers by their value (`1,200` is 1200.0). */
function comparable(value: unknown): string {
  const text = foldedCase(String(value));
  if (!NUMBER.test(text)) return text;
  const plain = text.replaceAll(',', '');
  const number = Number(plain);
  // Longer numbers than a double holds (an identity card has 18 digits) are equal only digit by digit.
  if (/^[+-]?\d+$/.test(plain) && !Number.isSafeInteger(number)) return String(BigInt(plain.replace(/^\+/, '')));
  return Number.isFinite(number) ? String(number) : text;
}

/** Gold answers that are JSON; lists are not to be spread. */
const goldsOf = (answers: readonly string[]): object[] => answers.map(jsonExactly).filter((gold) => gold !== undefined);

/** Fields of the answer, of the gold answer that fits it best, and how many both have. */
export interface FieldMatch {
  readonly given: number;
  readonly gold: number;
  readonly common: number;
}

/** Null where no gold answer is JSON, or where there was no answer. */
export function matchFields({ output, answers }: ScoredItem): FieldMatch | null {
  const golds = goldsOf(answers);
  if (output === null || golds.length === 0) return null;
  const given = jsonFields(jsonLeniently(output));
  const matches = golds.map((gold): FieldMatch => {
    const wanted = jsonFields(gold);
    return { given: given.length, gold: wanted.length, common: commonOf(given, wanted) };
  });
  return matches.reduce((best, one) => (f1Of(one) > f1Of(best) ? one : best));
}

/** 2·common/(given + gold); 1 where both have no field. */
export const f1Of = ({ given, gold, common }: FieldMatch): number =>
  given + gold === 0 ? 1 : (2 * common) / (given + gold);

function commonOf(given: readonly JsonField[], gold: readonly JsonField[]): number {
  const left = new Map<string, number>();
  for (const { path, value } of gold) {
    const key = JSON.stringify([path, value]);
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  let common = 0;
  for (const { path, value } of given) {
    const key = JSON.stringify([path, value]);
    const count = left.get(key) ?? 0;
    if (count === 0) continue;
    left.set(key, count - 1);
    common += 1;
  }
  return common;
}

/** The share of the answer's fields that no gold answer fills; null where the answer has none, or no gold answer is JSON. */
export function inventedShare({ output, answers }: ScoredItem): number | null {
  const golds = goldsOf(answers);
  if (output === null || golds.length === 0) return null;
  const given = jsonFields(jsonLeniently(output));
  if (given.length === 0) return null;
  const known = new Set(golds.flatMap((gold) => jsonFields(gold).map(({ path }) => path)));
  return given.filter(({ path }) => !known.has(path)).length / given.length;
}
