import { describe, expect, test } from 'vitest';
import { jsonGrammar, jsonSchemaSchema } from '../../../src/serving/llama/json-schema.ts';

const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });
const rule = (schema: object, name: string): string | undefined =>
  jsonGrammar(jsonSchemaSchema.parse(schema))
    .split('\n')
    .find((line) => line.startsWith(`${name} ::= `))
    ?.slice(name.length + 5);

describe('a grammar of a schema', () => {
  test('has every property, in its order, its name quoted', () => {
    expect(rule(object({ b: { type: 'integer' }, 'say "a"': { type: 'boolean' } }), 'root')).toMatch(
      /^"\{" "\\"b\\":" sp node-\d+ "," sp "\\"say \\\\\\"a\\\\\\"\\":" sp node-\d+ "\}"$/,
    );
  });

  test('writes values of enum and const as JSON has them', () => {
    const schema = object({ one: { enum: ['yes', 1, null] } });
    const inner = /node-\d+/.exec(rule(schema, 'root') ?? '')?.[0] ?? '';
    expect(rule(schema, inner)).toBe('"\\"yes\\"" | "1" | "null"');
  });

  test.each([
    [{ minItems: 2, maxItems: 3 }, /"\[" (node-\d+) \("," sp \1\)\{1,2\} "\]"/],
    [{ maxItems: 3 }, /"\[" \((node-\d+) \("," sp \1\)\{0,2\}\)\? "\]"/],
    [{}, /"\[" \((node-\d+) \("," sp \1\)\{0,\}\)\? "\]"/],
    [{ maxItems: 0 }, /^"\[\]"$/],
  ])('bounds an array by %j', (bounds, expected) => {
    const schema = object({ list: { type: 'array', items: { type: 'number' }, ...bounds } });
    const inner = /node-\d+/.exec(rule(schema, 'root') ?? '')?.[0] ?? '';
    expect(rule(schema, inner)).toMatch(expected);
  });
});

describe('a schema', () => {
  test('with words that bind nothing is taken', () => {
    const schema = object(
      { score: { type: 'integer', description: 'how good', default: 3 } },
      { $schema: 'https://json-schema.org/draft/2020-12/schema', required: ['score'], additionalProperties: false },
    );
    expect(jsonSchemaSchema.safeParse(schema).success).toBe(true);
  });

  test.each([
    ['a pattern', { type: 'string', pattern: '^a' }],
    ['a bound of a number', { type: 'integer', minimum: 1 }],
    ['a reference', { $ref: '#/$defs/a' }],
    ['a list without the kind of its items', { type: 'array' }],
    ['a list that is too long to be written out', { type: 'array', items: { type: 'null' }, minItems: 10_000 }],
  ])('with %s is refused: an answer could break it', (_, node) => {
    expect(jsonSchemaSchema.safeParse(object({ a: node })).success).toBe(false);
    expect(jsonSchemaSchema.safeParse(object({ a: object({ b: node }) })).success).toBe(false);
  });

  test('must be an object and describe what it requires', () => {
    expect(jsonSchemaSchema.safeParse({ type: 'string' }).success).toBe(false);
    expect(jsonSchemaSchema.safeParse(object({ a: { type: 'null' } }, { required: ['b'] })).success).toBe(false);
  });
});
