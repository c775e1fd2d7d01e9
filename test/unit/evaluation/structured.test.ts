import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputSchema } from '../../../src/datasets/making/structured.ts';
import { answerForm, FormReader, formedPrompt } from '../../../src/evaluation/form.ts';
import { jsonFields } from '../../../src/evaluation/metrics/json-fields.ts';
import { findMetric } from '../../../src/evaluation/metrics/registry.ts';
import { columnLine } from '../../../src/evaluation/report-text.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { parseColumn } from '../../../src/rag/columns.ts';
import { responseFormatOf } from '../../../src/rag/output-format.ts';
import { item } from './scored-item.ts';

const score = (metric: string, over: Parameters<typeof item>[0]) => findMetric(metric).score(item(over));
const fields = (output: string, ...answers: string[]) =>
  ['field-precision', 'field-recall', 'field-f1', 'invented-fields'].map((name) => score(name, { output, answers }));

const INVOICE = '{"number": "A-17", "total": 1200, "seller": {"name": "Nord AS"}, "paid": null}';
const SCHEMA = {
  type: 'object',
  properties: { number: { type: 'string' }, total: { type: 'number' } },
  required: ['number', 'total'],
  additionalProperties: false,
};

describe('whether an answer is JSON', () => {
  it.each([
    ['{"a": 1}', 1],
    ['  [1, 2]\n', 1],
    ['```json\n{"a": 1}\n```', 1],
    ['Here it is: {"a": 1}', 0],
    ['{"a": 1,}', 0],
    ['1803', 0],
    ['null', 0],
    ['', 0],
  ])('%j → %d', (output, wanted) => {
    expect(score('json-parse', { output })).toBe(wanted);
  });

  it.each([
    ['{"number": "A-17", "total": 1200}', 1],
    ['{"number": "A-17", "total": "1200"}', 0],
    ['{"number": "A-17"}', 0],
    ['{"number": "A-17", "total": 1, "note": "x"}', 0],
    ['{"number": "A-17", "total": 1200', 0],
  ])('fits the schema: %s → %d', (output, wanted) => {
    const form = { marker: null, schema: outputSchema(JSON.stringify(SCHEMA)), said: output };
    expect(score('schema-valid', { output, form })).toBe(wanted);
    expect(score('schema-valid', { output })).toBeNull();
  });
});

describe('fields', () => {
  it('have a path and a value that is compared by what it means', () => {
    expect(jsonFields(JSON.parse('{"a": {"b": " Nord  AS "}, "l": [{"n": "1,200"}, {"n": 1200.0}], "e": []}'))).toEqual(
      [
        { path: 'a.b', value: 'nord as' },
        { path: 'l[].n', value: '1200' },
        { path: 'l[].n', value: '1200' },
      ],
    );
  });

  it.each([
    // precision, recall, F1, invented: gold has three fields with a value, "paid" is empty
    [
      'all of them, written otherwise',
      '{"total":"1,200.00","number":"Ａ-17","seller":{"name":"nord as"}}',
      [1, 1, 1, 0],
    ],
    ['one wrong value', '{"number":"A-17","total":12,"seller":{"name":"Nord AS"}}', [2 / 3, 2 / 3, 2 / 3, 0]],
    ['one left out', '{"number":"A-17","total":1200}', [1, 2 / 3, 0.8, 0]],
    [
      'an empty one filled, one made up',
      `${INVOICE.replace('null', '"yes"').slice(0, -1)},"note":"x"}`,
      [0.6, 1, 0.75, 0.4],
    ],
    ['at the wrong place', '{"number":"A-17","total":1200,"name":"Nord AS"}', [2 / 3, 2 / 3, 2 / 3, 1 / 3]],
    ['no JSON at all', 'I do not know', [0, 0, 0, null]],
    ['an empty object', '{}', [0, 0, 0, null]],
    ['JSON among words, with a comma too many', `Here: {"number": "A-17", "total": 1200,}`, [1, 2 / 3, 0.8, 0]],
  ])('%s', (_, output, wanted) => {
    expect(fields(output, INVOICE).map((one) => one && Number(one.toFixed(12)))).toEqual(
      wanted.map((one) => one && Number(one.toFixed(12))),
    );
  });

  it('numbers longer than a double holds are equal digit by digit', () => {
    expect(fields('{"id": "110101199001011235"}', '{"id": "110101199001011234"}')?.slice(0, 3)).toEqual([0, 0, 0]);
    expect(fields('{"id": "+110101199001011234"}', '{"id": "110,101,199,001,011,234"}')).toEqual([1, 1, 1, 0]);
  });

  it('lists are compared as multisets', () => {
    expect(fields('["b", "a", "a"]', '["a", "b", "b"]')).toEqual([2 / 3, 2 / 3, 2 / 3, 0]);
    expect(fields('{"l": []}', '{"l": null}')).toEqual([1, null, 1, null]);
  });

  it('the best fitting of several gold answers counts; texts are no JSON to compare with', () => {
    expect(fields('{"a": 2}', '{"a": 1}', '{"a": 2}')).toEqual([1, 1, 1, 0]);
    expect(fields('{"a": 2}', 'plain')).toEqual([null, null, null, null]);
  });
});

describe('marks', () => {
  const reader = new FormReader({ schema: null, marker: 'YEAR' });
  it.each([
    ['{{YEAR_START}}1803{{YEAR_END}}', '1803', 1],
    ['first {{YEAR_START}}1802{{YEAR_END}}, no: {{YEAR_START}}1803{{YEAR_END}}.', '1803', 1],
    ['{{YEAR_START}}1803', '{{YEAR_START}}1803', 0],
    ['{{YEAR_END}}1803{{YEAR_START}}', '{{YEAR_END}}1803{{YEAR_START}}', 0],
    ['{{YEAR_START}} {{YEAR_END}}', ' ', 0],
    ['1803', '1803', 0],
  ])('%s is read as %j', (said, inside, wanted) => {
    const read = reader.read(said);
    expect(read.output).toBe(inside);
    expect(score('marker', read)).toBe(wanted);
    expect(score('exact', { ...read, answers: ['1803'] })).toBe(Number(inside === '1803'));
  });

  it('nothing is said where none were asked for, or no answer came', () => {
    expect(score('marker', { output: 'x' })).toBeNull();
    expect(reader.read(null)).toEqual({ output: null });
    expect(new FormReader(null).read('x')).toEqual({ output: 'x' });
  });
});

describe('what a column and a run ask for', () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-form-'));
  const paths = workspacePaths(home, {});
  const file = path.join(home, 'invoice.schema.json');
  beforeAll(() => writeFileSync(file, JSON.stringify(SCHEMA)));
  afterAll(() => rmSync(home, { recursive: true }));
  const column = (more: string) => parseColumn(`name=a,llm=m,context=gold${more}`);

  it('format=json, format=FILE, as the endpoint is told', () => {
    expect(responseFormatOf(column('').format)).toBeUndefined();
    expect(responseFormatOf(column(',format=json').format)).toEqual({ type: 'json_object' });
    expect(responseFormatOf(column(`,format=${file}`).format)).toEqual({
      type: 'json_schema',
      json_schema: { name: 'invoice', strict: true, schema: SCHEMA },
    });
    const open = { type: 'schema' as const, name: 'a b', schema: { ...SCHEMA, required: ['number'] } };
    expect(responseFormatOf(open)).toMatchObject({ json_schema: { name: 'a_b', strict: false } });
    expect(columnLine(column(`,format=${file}`))).toMatch(/, format invoice#[0-9a-f]{8},/);
  });

  it('what cannot be is said before anything starts', () => {
    expect(() => column(`,format=${home}/none.json`)).toThrow(/there is no such file/);
    writeFileSync(path.join(home, 'bad.json'), '{"type": "string"}');
    expect(() => column(`,format=${home}/bad.json`)).toThrow(/needs "type": "object" or "array"/);
    expect(() => parseColumn('name=a,llm=none,format=json')).toThrow(/needs an LLM/);
  });

  it('the schema of a column is told to all and scored, unless another is named', () => {
    const columns = [column(''), { ...column(`,format=${file}`), name: 'b' }];
    expect(answerForm(paths, { schema: null, marker: null }, [column('')])).toBeNull();
    const form = answerForm(paths, { schema: null, marker: 'YEAR' }, columns);
    expect(form).toEqual({ schema: { name: 'invoice', schema: SCHEMA }, marker: 'YEAR' });
    const plain = { name: 'p', build: () => [{ role: 'user' as const, content: 'When was it built?\n' }] };
    const [told] = formedPrompt(plain, form).build({ passages: [], question: '' });
    expect(told?.content).toBe(
      `When was it built?\n\nReply with JSON that fits this JSON Schema, and nothing else:\n${JSON.stringify(SCHEMA)}\n\nPut the answer between {{YEAR_START}} and {{YEAR_END}}.`,
    );
    expect(formedPrompt(plain, null)).toBe(plain);
    expect(() => answerForm(paths, { schema: 'nothing', marker: null }, columns)).toThrow(/nothing/);
  });
});
