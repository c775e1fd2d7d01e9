import { z } from 'zod';

/** Repetitions are written out in the engine's grammar. */
const MAX_REPEATS = 500;
const repeats = z.number().int().nonnegative().max(MAX_REPEATS).optional();
/** Words about the value, which bind nothing. */
const annotations = {
  title: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  examples: z.unknown().optional(),
};
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const basicType = z.enum(['string', 'number', 'integer', 'boolean', 'null']);

type Node =
  | { enum: z.infer<typeof scalar>[] }
  | { const: z.infer<typeof scalar> }
  | { type: 'string'; minLength?: number | undefined; maxLength?: number | undefined }
  | { type: z.infer<typeof basicType> | z.infer<typeof basicType>[] }
  | { type: 'array'; items: Node; minItems?: number | undefined; maxItems?: number | undefined }
  | { anyOf: Node[] }
  | { oneOf: Node[] }
  | JsonSchema;

/** A JSON object whose properties are all given, in this order. */
export interface JsonSchema {
  type: 'object';
  properties: Record<string, Node>;
}

const nodeSchema: z.ZodType<Node> = z.lazy(() =>
  z.union([
    z.strictObject({ ...annotations, type: basicType.optional(), enum: z.array(scalar).min(1) }),
    z.strictObject({ ...annotations, type: basicType.optional(), const: scalar }),
    z.strictObject({ ...annotations, type: z.literal('string'), minLength: repeats, maxLength: repeats }),
    z.strictObject({ ...annotations, type: z.union([basicType, z.array(basicType).min(1)]) }),
    z.strictObject({
      ...annotations,
      type: z.literal('array'),
      items: nodeSchema,
      minItems: repeats,
      maxItems: repeats,
    }),
    z.strictObject({ ...annotations, anyOf: z.array(nodeSchema).min(1) }),
    z.strictObject({ ...annotations, oneOf: z.array(nodeSchema).min(1) }),
    jsonSchemaSchema,
  ]),
);

/**
 * The part of JSON Schema that the embedded engine keeps to the letter: objects, arrays, strings with lengths, numbers,
 * booleans, null, enum, const, anyOf. A schema with anything else is refused, since an answer could break it.
 */
export const jsonSchemaSchema: z.ZodType<JsonSchema> = z.lazy(() =>
  z
    .strictObject({
      ...annotations,
      $schema: z.string().optional(),
      type: z.literal('object'),
      properties: z.record(z.string(), nodeSchema),
      required: z.array(z.string()).optional(),
      additionalProperties: z.boolean().optional(),
    })
    .refine(({ properties, required }) => (required ?? []).every((name) => name in properties), {
      error: 'a required property is not described',
    })
    .transform(({ type, properties }) => ({ type, properties })),
);

/**
 * The grammar (GBNF, as llama.cpp reads it) of a JSON object on one line: of this schema with every property in its order,
 * or any object. After its last brace nothing may follow, so that a small model cannot go on with blank lines for ever.
 */
export function jsonGrammar(schema: JsonSchema | 'any'): string {
  const rules = new Map<string, string>(Object.entries(COMMON_RULES));
  rules.set('root', schema === 'any' ? 'object' : body(schema, rules));
  return [...rules].map(([name, rule]) => `${name} ::= ${rule}\n`).join('');
}

const COMMON_RULES = {
  // One space at most: endless ones are allowed by JSON and of use to nobody.
  sp: '" "?',
  char: '[^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\/bfnrt] | "u" [0-9a-fA-F]{4})',
  string: '"\\"" char* "\\""',
  integer: '"-"? ("0" | [1-9] [0-9]{0,15})',
  number: 'integer ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,2})?',
  boolean: '"true" | "false"',
  null: '"null"',
  value: 'object | array | string | number | boolean | null',
  object: '"{" (string ":" sp value ("," sp string ":" sp value)*)? "}"',
  array: '"[" (value ("," sp value)*)? "]"',
};

/** The right side of a node's rule; nodes inside get rules of their own. */
function body(node: Node, rules: Map<string, string>): string {
  const named = (inner: Node): string => {
    const name = `node-${rules.size}`;
    // The name is taken before the rules inside are made.
    rules.set(name, '');
    rules.set(name, body(inner, rules));
    return name;
  };
  if ('enum' in node) return node.enum.map(literal).join(' | ');
  if ('const' in node) return literal(node.const);
  if ('anyOf' in node) return node.anyOf.map(named).join(' | ');
  if ('oneOf' in node) return node.oneOf.map(named).join(' | ');
  if ('properties' in node) {
    const members = Object.entries(node.properties).map(
      ([name, inner]) => `${quoted(`${JSON.stringify(name)}:`)} sp ${named(inner)}`,
    );
    return `"{" ${members.join(' "," sp ')} "}"`;
  }
  if ('items' in node) return arrayBody(named(node.items), node.minItems ?? 0, node.maxItems);
  if ('minLength' in node || 'maxLength' in node) {
    return `"\\"" char{${node.minLength ?? 0},${node.maxLength ?? ''}} "\\""`;
  }
  return [node.type].flat().join(' | ');
}

function arrayBody(item: string, least: number, most: number | undefined): string {
  if (most === 0) return '"[]"';
  const more = `${item} ("," sp ${item}){${Math.max(0, least - 1)},${most === undefined ? '' : most - 1}}`;
  return least > 0 ? `"[" ${more} "]"` : `"[" (${more})? "]"`;
}

const literal = (value: z.infer<typeof scalar>): string => quoted(JSON.stringify(value));
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
