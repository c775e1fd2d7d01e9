import type { NumpyRng } from '../../numpy-rng.ts';

type Json = null | boolean | number | string | Json[] | JsonObject;
interface JsonObject {
  [key: string]: Json;
}

/**
 * Damages the JSON in a text: the keys of every level in another order, and the entries of one inner object lifted a
 * level up. Every value stays. Undefined when the text holds no JSON object with two keys.
 */
export function shuffleJson(text: string, rng: NumpyRng): { text: string; detail: string } | undefined {
  const found = findJson(text);
  if (!found) return undefined;
  const shuffled = shuffle(found.value, rng);
  const lifted = isObject(shuffled) ? lift(shuffled, rng) : undefined;
  const indent = found.text.includes('\n') ? 2 : undefined;
  const made = JSON.stringify(lifted?.value ?? shuffled, null, indent);
  if (made === JSON.stringify(found.value, null, indent)) return undefined;
  return {
    text: text.slice(0, found.start) + made + text.slice(found.start + found.text.length),
    detail: lifted ? `keys in another order, "${lifted.key}" lifted a level up` : 'keys in another order',
  };
}

/** The first stretch of a text that reads as a JSON object or list. */
export function findJson(text: string): { start: number; text: string; value: Json } | undefined {
  for (const opening of text.matchAll(/[{[]/g)) {
    const end = closingOf(text, opening.index);
    if (end === undefined) continue;
    const piece = text.slice(opening.index, end);
    const value = parse(piece);
    if (value !== undefined && hasKeys(value)) return { start: opening.index, text: piece, value };
  }
  return undefined;
}

/** Place after the bracket that closes the one at `start`; brackets inside strings do not count. */
export function closingOf(text: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function hasKeys(value: Json): boolean {
  if (Array.isArray(value)) return value.some(hasKeys);
  return isObject(value) && (Object.keys(value).length > 1 || Object.values(value).some(hasKeys));
}

function shuffle(value: Json, rng: NumpyRng): Json {
  if (Array.isArray(value)) return value.map((one) => shuffle(one, rng));
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    rng.permutation(entries.length).flatMap((at) => {
      const entry = entries[at];
      return entry ? [[entry[0], shuffle(entry[1], rng)]] : [];
    }),
  );
}

/** Puts the entries of one inner object in its place, unless a key would then stand there twice. */
function lift(value: JsonObject, rng: NumpyRng): { value: JsonObject; key: string } | undefined {
  const inner = Object.entries(value).flatMap(([key, one]) => (isObject(one) ? [{ key, one }] : []));
  const chosen = inner[rng.upTo(Math.max(0, inner.length - 1))];
  if (!chosen || Object.keys(chosen.one).some((key) => key !== chosen.key && Object.hasOwn(value, key)))
    return undefined;
  const { [chosen.key]: _, ...others } = value;
  return { value: { ...others, ...chosen.one }, key: chosen.key };
}
