import { z } from 'zod';
import { didYouMean } from './nearest.ts';
import type { Path, RecipeProblem, YamlSource } from './source.ts';

/** What a schema says is wrong, at its place in the file, with the nearest word that could stand there. Pure. */
export function schemaProblems(schema: z.ZodType, error: z.ZodError, source: YamlSource): RecipeProblem[] {
  return error.issues.flatMap((issue) => problemsOf(schema, issue, source));
}

function problemsOf(schema: z.ZodType, issue: z.core.$ZodIssue, source: YamlSource): RecipeProblem[] {
  const path = pathOf(issue.path);
  const at = path.join('.');
  const here = (message: string, hint = ''): RecipeProblem[] => [{ ...source.place(path), at, message, hint }];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(schema, path);
      return issue.keys.map((key) => ({
        ...source.keyPlace([...path, key]),
        at: [...path, key].join('.'),
        message: `"${key}" is not known here.`,
        hint: didYouMean(key, known),
      }));
    }
    case 'invalid_value': {
      const values = issue.values.map(String);
      const given = textOf(issue.input, source, path);
      if (given === undefined) return here(`${nameOf(path)} is missing.`, `It is ${values.join(' or ')}.`);
      return here(`"${given}" cannot stand here.`, didYouMean(given, values));
    }
    case 'invalid_type':
      if (isMissing(path, source)) return here(`${nameOf(path)} is missing.`, `It is ${article(issue.expected)}.`);
      return here(`${nameOf(path)} must be ${article(issue.expected)}.`);
    case 'invalid_key':
      return [
        {
          ...source.keyPlace(path),
          at,
          message: `"${String(path.at(-1) ?? '')}" cannot be a name.`,
          hint: `Use ${issue.issues[0]?.message ?? 'another one'}.`,
        },
      ];
    case 'invalid_union':
      return here(`${nameOf(path)} is none of what may stand here.`);
    default:
      return here(`${nameOf(path)}: ${issue.message}.`.replace(/\.\.$/, '.'));
  }
}

const pathOf = (path: readonly PropertyKey[]): (string | number)[] =>
  path.map((part) => (typeof part === 'symbol' ? part.toString() : part));
const nameOf = (path: Path): string => (path.length === 0 ? 'The recipe' : path.join('.'));
const WORDS: Readonly<Record<string, string>> = {
  object: 'a block of "key: value" lines',
  record: 'a block of "key: value" lines',
  array: 'a list ([…], or lines that begin with "-")',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};
const article = (expected: string): string => WORDS[expected] ?? expected;

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      typeof inner === 'object' && inner !== null
        ? Object.entries(inner).find(([key]) => key === String(part))?.[1]
        : undefined,
    value,
  );
}
const isMissing = (path: Path, source: YamlSource): boolean => valueAt(source.value, path) == null;
function textOf(input: unknown, source: YamlSource, path: Path): string | undefined {
  const value = input ?? valueAt(source.value, path);
  return value == null ? undefined : typeof value === 'object' ? 'this' : String(value);
}

/** The keys that may stand at a path of a schema. */
function keysAt(schema: z.ZodType, path: Path): string[] {
  let at: unknown = schema;
  for (const part of path) at = inside(at, part);
  const inner = unwrap(at);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function inside(schema: unknown, part: string | number): unknown {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return inner.shape[String(part)];
  if (inner instanceof z.ZodRecord) return inner.valueType;
  return inner instanceof z.ZodArray ? inner.element : undefined;
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return unwrap(schema.unwrap());
  return schema;
}
