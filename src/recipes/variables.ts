import type { Complain } from './complain.ts';
import { didYouMean } from './nearest.ts';
import type { Path } from './source.ts';
import { type Scalar, scalarSchema } from './types.ts';

const REFERENCE = /\$\{([^}]*)\}/g;

/** Names of variables that a value mentions, wherever in it. */
export function mentioned(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(REFERENCE)].map(([, name = '']) => name.trim());
  if (Array.isArray(value)) return value.flatMap(mentioned);
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(mentioned);
  return [];
}

/**
 * Puts values in the place of `${name}`, in texts that are not keys. A text that is nothing but one reference becomes
 * the value itself, a number too. What has no value is complained about and stays. Pure.
 */
export function substitute(
  value: unknown,
  vars: ReadonlyMap<string, Scalar>,
  complain: Complain,
  path: Path = [],
): unknown {
  if (typeof value === 'string') return inText(value, vars, (message, hint) => complain(path, message, hint));
  if (Array.isArray(value)) return value.map((one, at) => substitute(one, vars, complain, [...path, at]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, substitute(one, vars, complain, [...path, key])]),
  );
}

function inText(
  text: string,
  vars: ReadonlyMap<string, Scalar>,
  complain: (message: string, hint: string) => void,
): Scalar {
  const found = (name: string): Scalar | undefined => {
    const value = vars.get(name);
    if (value === undefined) complain(`There is no variable "${name}".`, didYouMean(name, vars.keys()));
    return value;
  };
  const whole = /^\$\{([^}]*)\}$/.exec(text);
  if (whole) return found((whole[1] ?? '').trim()) ?? text;
  return text.replace(REFERENCE, (all, name: string) => String(found(name.trim()) ?? all));
}

/** `12` → 12, `true` → true, anything else a text: as YAML would read it. Pure. */
export function parseValue(text: string): Scalar {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : text;
}

/** What `vars:` declares. */
export interface Declared {
  /** Undefined: it must be given. */
  readonly value: Scalar | undefined;
  readonly about: string;
}

/** The variables that a recipe declares: `name: value`, `name:` (must be given), `name: {about, default}`. */
export function declaredVars(block: unknown, complain: Complain): Map<string, Declared> {
  const found = new Map<string, Declared>();
  if (block === undefined || block === null) return found;
  if (typeof block !== 'object' || Array.isArray(block)) {
    complain(['vars'], 'vars holds names and values.', 'Write "name: value", a line each.');
    return found;
  }
  for (const [name, value] of Object.entries(block)) {
    const path = ['vars', name];
    if (!/^[A-Za-z][\w-]*$/.test(name))
      complain(path, `"${name}" is no name of a variable.`, 'Use letters, digits, "-", "_".');
    const declared = oneVar(value, path, complain);
    if (declared.value !== undefined && mentioned(declared.value).length > 0) {
      complain(path, 'A variable cannot be made of others.', 'Write its value.');
    }
    found.set(name, declared);
  }
  return found;
}

function oneVar(value: unknown, path: Path, complain: Complain): Declared {
  if (value === null) return { value: undefined, about: '' };
  const scalar = scalarSchema.safeParse(value);
  if (scalar.success) return { value: scalar.data, about: '' };
  if (typeof value !== 'object' || Array.isArray(value)) {
    complain(path, 'A variable is a text, a number, or true or false.');
    return { value: undefined, about: '' };
  }
  const entries = new Map<string, unknown>(Object.entries(value));
  for (const key of entries.keys()) {
    if (key !== 'about' && key !== 'default') {
      complain([...path, key], `A variable has no "${key}".`, didYouMean(key, ['about', 'default']));
    }
  }
  const about = entries.get('about');
  const initial = scalarSchema.safeParse(entries.get('default'));
  return { value: initial.success ? initial.data : undefined, about: typeof about === 'string' ? about : '' };
}
