import { describe, expect, test } from 'vitest';
import { matrixColumns, shortNames } from '../../../../src/rag/comparisons/matrix.ts';
import { columnSchema } from '../../../../src/rag/types.ts';

const { name: _, ...settings } = columnSchema.parse({ name: 'x', llm: 'base', mode: 'vector', topK: 1 });
const made = (llms: string[], embedders: string[]) =>
  matrixColumns({ llms, embedders, settings }).map(({ name, llm, embedder }) => [name, llm, embedder]);

describe('the matrix', () => {
  test('is every LLM with every embedder, named by what differs', () => {
    expect(made(['qwen', 'qwen-tuned'], ['bge-small-zh', 'bge-small-zh-mine'])).toEqual([
      ['qwen+zh', 'qwen', 'bge-small-zh'],
      ['qwen+zh-mine', 'qwen', 'bge-small-zh-mine'],
      ['qwen-tuned+zh', 'qwen-tuned', 'bge-small-zh'],
      ['qwen-tuned+zh-mine', 'qwen-tuned', 'bge-small-zh-mine'],
    ]);
  });
  test('keeps what the columns share, and one axis is enough', () => {
    const columns = matrixColumns({ llms: [], embedders: ['a', 'b'], settings });
    expect(columns.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(columns[0]).toMatchObject({ llm: 'base', mode: 'vector', topK: 1 });
  });
  test('has two to six columns', () => {
    expect(made(['a', 'b', 'c'], ['x', 'y'])).toHaveLength(6);
    expect(() => made(['a', 'b', 'c', 'd'], ['x', 'y'])).toThrow('are 8');
    expect(() => made(['a', 'a'], [])).toThrow('are 1');
  });
  test('gives long names that differ at the end only names of their own', () => {
    const long = 'an-endpoint-with-a-name-that-does-not-end';
    const names = made([`${long}-one`, `${long}-two`], [`${long}s`, `${long}z`]).map(([name]) => name);
    expect(new Set(names).size).toBe(4);
    for (const name of names) expect(columnSchema.parse({ name }).name).toBe(name);
  });
});

test.each([
  [
    ['bge-small-zh-v1.5', 'bge-small-en-v1.5-int8'],
    ['zh-v1.5', 'en-v1.5-int8'],
  ],
  [
    ['bge-zh-v1', 'bge-en-v1'],
    ['zh', 'en'],
  ],
  [
    ['base', 'base-tuned'],
    ['base', 'base-tuned'],
  ],
  [
    ['smollm2-135m-instruct-q4', 'tuned'],
    ['smollm2-135m', 'tuned'],
  ],
  [['a/b:c'], ['a-b-c']],
])('short names of %j', (ids, expected) => {
  expect(shortNames(ids)).toEqual(expected);
});
