import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { importDataset } from '../../../src/datasets/import.ts';
import { shuffleJson } from '../../../src/datasets/making/augment/json-levels.ts';
import { prepareAugment } from '../../../src/datasets/making/augment/prepare.ts';
import { damageable } from '../../../src/datasets/making/augment/rows.ts';
import { damageRow, makeAugmented } from '../../../src/datasets/making/augment/run.ts';
import { checkPair } from '../../../src/datasets/making/check-pair.ts';
import { groundAnswer } from '../../../src/datasets/making/ground.ts';
import { Journal } from '../../../src/datasets/making/journal.ts';
import { readMarked, wrap } from '../../../src/datasets/making/markers.ts';
import { ordered } from '../../../src/datasets/making/ordered.ts';
import { parseAnswer, parseJsonReply, parseQuestions } from '../../../src/datasets/making/parse-reply.ts';
import { pairItems } from '../../../src/datasets/making/preference.ts';
import type { MakingContext } from '../../../src/datasets/making/run.ts';
import { makeSft, sftMaker } from '../../../src/datasets/making/sft.ts';
import { outputSchema, readStructured } from '../../../src/datasets/making/structured.ts';
import { Synthesis } from '../../../src/datasets/making/synthesize.ts';
import { chooseTemplate } from '../../../src/datasets/making/template.ts';
import { type Making, makingSchema, OPERATIONS } from '../../../src/datasets/making/types.ts';
import { SeenTexts } from '../../../src/datasets/near-duplicates.ts';
import { PassagePool } from '../../../src/datasets/negatives/pool.ts';
import { NumpyRng } from '../../../src/datasets/numpy-rng.ts';
import { openDataset } from '../../../src/datasets/open.ts';
import { sftPrompt } from '../../../src/datasets/render.ts';
import type { QaRow, SftRow } from '../../../src/datasets/types.ts';
import type { ItemResult } from '../../../src/evaluation/types.ts';
import { fixturesDir } from '../../../src/platform/entry.ts';
import { all, DatasetWorkspace } from './workspace.ts';

let workspace: DatasetWorkspace;
beforeEach(() => {
  workspace = new DatasetWorkspace();
});
afterEach(() => workspace.remove());

const contextOf = (): MakingContext => {
  const folder = path.join(workspace.folder, 'job');
  mkdirSync(folder, { recursive: true });
  const nothing = () => {};
  const report = {
    progress: nothing,
    log: nothing,
    metric: nothing,
    artifact: nothing,
    error: nothing,
    ready: nothing,
  };
  return { paths: workspace.paths, folder, report, signal: new AbortController().signal };
};

const TEXT = 'The Renn reflector has a mirror of 61 centimetres. It was given by the university of Corvane in 1987.';

describe('grounding', () => {
  test.each([
    ['61 centimetres', { kind: 'exact', answer: '61 centimetres', start: 35 }],
    ['the RENN  reflector', { kind: 'repaired', answer: 'The Renn reflector', start: 0 }],
    ['“61 centimetres.”', { kind: 'repaired', answer: '61 centimetres' }],
    ['a miror of 61 centimeters', { kind: 'repaired', answer: 'a mirror of 61 centimetres' }],
    ['Renn reflect', { kind: 'repaired', answer: 'Renn reflector' }],
    ['a mirror of 62 centimetres', { kind: 'missing' }],
    ['in 1978', { kind: 'missing' }],
    ['the observatory', { kind: 'missing' }],
    ['', { kind: 'missing' }],
    ['...', { kind: 'missing' }],
  ])('%j', (answer, expected) => {
    expect(groundAnswer(TEXT, answer)).toMatchObject(expected);
  });

  test('Chinese: width, punctuation and one wrong character', () => {
    const text = '茶厂创办于一九五二年，位于云岭，年产茶９６吨。';
    expect(groundAnswer(text, '96吨')).toMatchObject({ kind: 'repaired', answer: '９６吨' });
    expect(groundAnswer(text, '创办于一九五二年,位於云岭')).toMatchObject({ answer: '创办于一九五二年，位于云岭' });
    expect(groundAnswer(text, '一九五三年')).toEqual({ kind: 'missing' });
  });

  test('whatever is found stands in the text at the place it names', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.string({ maxLength: 20 }), (text, answer) => {
        const found = groundAnswer(text, answer);
        if (found.kind !== 'missing') expect(text.slice(found.start).startsWith(found.answer)).toBe(true);
      }),
    );
  });
});

test('replies: fences, other words, typographic quotes, single quotes, trailing commas, cut ends, bare lines', () => {
  const bob = [{ question: 'Who is it?', answer: 'Bob' }];
  expect(parseQuestions('{"question": "Who is it?", "answer": "Bob"}')).toEqual(bob);
  expect(parseQuestions('Sure!\n```json\n[{"question": "Who is it?", "answer": "Bob",},]\n```')).toEqual(bob);
  expect(parseQuestions('{“question”: “Who is it?”, “answer”: “Bob”}')).toEqual(bob);
  expect(parseQuestions("{'question': 'Who is it?', 'answer': 'Bob'}")).toEqual(bob);
  expect(parseQuestions('{"questions": [{"Question": "Who is it?", "Answer": "Bob"}]}')).toEqual(bob);
  expect(parseQuestions('[{"question": "Who is it?", "answer": "Bob"}, {"question": "Wh')).toEqual(bob);
  expect(parseQuestions('1. Question: Who is it?\nAnswer: "Bob"')).toEqual(bob);
  expect(parseQuestions('**问题**：谁？\n**答案**：鲍勃')).toEqual([{ question: '谁？', answer: '鲍勃' }]);
  expect(parseQuestions('I cannot do that.')).toEqual([]);
  expect(parseAnswer('{"answer": ""}')).toBe('');
  expect(parseAnswer('"Bob"')).toBe('Bob');
  expect(parseJsonReply('{"a": "one\ntwo"}')).toEqual({ a: 'one\ntwo' });
});

test('what a pair is refused for', () => {
  const why = (question: string, answer: string, seen = new SeenTexts()) => {
    const checked = checkPair({ question, answer }, TEXT, seen);
    return checked.ok ? checked.grounded.answer : checked.why;
  };
  expect(why('How large is the mirror of the Renn reflector?', '61 centimetres')).toBe('61 centimetres');
  expect(why('What does the text say of the mirror?', '61 centimetres')).toBe('refers-to-text');
  expect(why('Why?', '61 centimetres')).toBe('no-question');
  expect(why('反射镜的镜面有多大？', '61 centimetres')).toBe('other-language');
  expect(why('Who gave the Renn reflector?', '')).toBe('no-answer');
  expect(why('Who gave the Renn reflector?', 'Ida Morsk')).toBe('not-in-chunk');
  expect(why('Did the university of Corvane give it?', 'the university of Corvane')).toBe('answer-in-question');
  expect(why('What is known of the Renn reflector?', TEXT)).toBe('answer-too-long');
  const seen = new SeenTexts();
  seen.add('How large is the mirror of the Renn reflector?');
  expect(why('How large is the mirror of the Renn Reflector ?', '61 centimetres', seen)).toBe('duplicate');
});

test('synthesis: rows in the order of the chunks, repaired answers say from what, at most as many as wanted', () => {
  const synthesis = new Synthesis({ llm: 'big', count: 2 });
  const chunk = { document: 'a.md', start: 10, end: 10 + TEXT.length, title: '', text: TEXT };
  const reply = (...pairs: { question: string; answer: string }[]) => ({
    said: { text: JSON.stringify(pairs), finish: 'stop' as const, promptTokens: 1, completionTokens: 1 },
    known: false,
  });
  const rows = [
    ...synthesis.take(chunk, { failed: 'too busy' }),
    ...synthesis.take(
      chunk,
      reply(
        { question: 'How large is the mirror of the Renn reflector?', answer: '61 CENTIMETRES' },
        { question: 'Who made the Renn reflector?', answer: 'Ida Morsk' },
      ),
    ),
    ...synthesis.take(chunk, reply({ question: 'Who gave the Renn reflector?', answer: 'the university of Corvane' })),
    ...synthesis.take(chunk, reply({ question: 'When was the reflector given away?', answer: 'in 1987' })),
  ];
  expect(rows.map(({ answers }) => answers[0])).toEqual(['61 centimetres', 'the university of Corvane']);
  expect(rows[0]).toMatchObject({
    context: TEXT,
    contextId: `a.md#10-${10 + TEXT.length}`,
    metadata: { synthesizedBy: 'big', repairedFrom: '61 CENTIMETRES', document: 'a.md' },
  });
  expect(synthesis.rejected.map(({ why }) => why)).toEqual(['request-failed', 'not-in-chunk']);
});

describe('damage', () => {
  const row: QaRow = {
    id: 'r1',
    contextId: 'c1',
    context:
      'The comet seeker was lent to "Larkspur Hill" by the old university of Corvane, which wanted it back in 1990.',
    question: 'Who lent the comet seeker?',
    answers: ['the old university of Corvane'],
    metadata: { title: 'Comets' },
  };
  const pool = new PassagePool();
  for (const text of [row.context, 'A pear tree grows here.', 'The bell rings at noon.']) pool.add(text);
  const work = { seed: 5, refusal: 'It does not say.' };

  test('a span answer stands in the context whatever is done, and the row lists what was done', () => {
    for (const name of OPERATIONS.filter((one) => one !== 'no-answer' && one !== 'shuffle-json')) {
      for (let number = 0; number < 20; number += 1) {
        const damaged = damageRow(row, { work: { ...work, operations: [name] }, number, pool });
        if (!damaged || 'form' in damaged.row) throw new Error(`${name} did nothing`);
        const { context, question, answers, metadata, id } = damaged.row;
        expect(context.includes('the old university of Corvane')).toBe(true);
        expect(`${context}${question}`).not.toBe(`${row.context}${row.question}`);
        expect(answers).toEqual(row.answers);
        expect(metadata).toMatchObject({ title: 'Comets', augmentation: expect.stringContaining(name) });
        expect(id).toBe('r1~damaged');
        // Facts stay: digits are never mistyped, at most written wider.
        expect(context.normalize('NFKC')).toContain('1990');
      }
    }
  });

  test('no answer: another passage without it, and the refusal as the target', () => {
    const damaged = damageRow(row, { work: { ...work, operations: ['no-answer'] }, number: 1, pool });
    if (!damaged || 'form' in damaged.row) throw new Error('nothing done');
    expect(['A pear tree grows here.', 'The bell rings at noon.']).toContain(damaged.row.context);
    expect(damaged.row).toMatchObject({
      question: row.question,
      answers: ['It does not say.'],
      metadata: { answerable: false },
    });
    const only = new PassagePool();
    only.add('It was the old university of Corvane.');
    expect(damageRow(row, { work: { ...work, operations: ['no-answer'] }, number: 1, pool: only })).toBeUndefined();
  });

  test('rows of the SFT prompt are damaged inside it; reports keep every value of their JSON target', () => {
    const sft: SftRow = {
      form: 'alpaca',
      id: 's1',
      system: 'S',
      history: [],
      instruction: sftPrompt(row.context, row.question),
      input: '',
      output: row.answers[0] ?? '',
    };
    const damaged = damageRow(sft, { work: { ...work, operations: ['typos'] }, number: 3, pool });
    const after = damaged && damageable(damaged.row);
    expect(after?.input.question === row.question || after?.input.context === row.context).toBe(true);
    expect(damaged?.row).toMatchObject({ output: sft.output, system: 'S' });

    for (const line of readFileSync(path.join(fixturesDir(), 'reports', 'reports.jsonl'), 'utf8')
      .trim()
      .split('\n')) {
      const { id, instruction, input, output } = z
        .object({ id: z.string(), instruction: z.string(), input: z.string(), output: z.string() })
        .parse(JSON.parse(line));
      const report: SftRow = { form: 'alpaca', id, history: [], instruction, input, output };
      for (const [number, name] of OPERATIONS.entries()) {
        const made = damageRow(report, { work: { ...work, operations: [name] }, number, pool });
        if (!made) continue;
        if (!('form' in made.row) || made.row.form !== 'alpaca') throw new Error('form');
        const { date, place, person } = JSON.parse(output);
        for (const value of [date, place, person]) expect(made.row.input).toContain(value);
        expect(made.row.output).toBe(output);
        expect(['distractors', 'no-answer']).not.toContain(name);
      }
    }
  });

  test('JSON: keys in another order, an inner object lifted, every value kept, text around it too', () => {
    const text = 'Form: {"a": {"b": 1, "c": "two"}, "d": [3, {"e": 4, "f": 5}], "g": null} End.';
    const results = new Set<string>();
    for (let seed = 0; seed < 20; seed += 1) {
      const made = shuffleJson(text, new NumpyRng(seed));
      if (!made) continue;
      expect(made.text.startsWith('Form: {') && made.text.endsWith('} End.')).toBe(true);
      const value = JSON.parse(made.text.slice(6, -5));
      expect({ b: value.b ?? value.a.b, d: value.d, g: value.g }).toEqual({ b: 1, d: [3, { e: 4, f: 5 }], g: null });
      results.add(made.text);
    }
    expect(results.size).toBeGreaterThan(3);
    expect(shuffleJson('no {json} here [1, 2]', new NumpyRng(1))).toBeUndefined();
    expect(shuffleJson('{"x": {"y": 1}, "y": 2}', new NumpyRng(1))?.text ?? '').not.toMatch(/^\{"y":[12],"y"/);
  });

  test('a whole dataset: the share, the same rows for the same seed, originals kept in copy mode', async () => {
    const rows = Array.from(
      { length: 40 },
      (_, at) => `"Who is number ${at}?","Person ${at}","On the list Person ${at} is named, and ""others"" too."`,
    );
    const file = workspace.file('qa.csv', `question,answer,context\n${rows.join('\n')}\n`);
    await importDataset(workspace.paths, file, { format: 'financial-qa', name: 'qa' });
    const wish = { dataset: 'qa', part: 'all', seed: 9, share: 0.25, operations: [...OPERATIONS] };
    const { making, examples } = await prepareAugment(workspace.paths, { ...wish, mode: 'copy' });
    expect(examples.length).toBeGreaterThan(0);
    const made = await makeAugmented(contextOf(), making);
    expect(made).toMatchObject({ rows: 50, counts: { damaged: 10 }, added: true });
    expect((await makeAugmented(contextOf(), making)).added).toBe(false);
    const dataset = openDataset(workspace.paths, 'qa-augmented');
    if (dataset.kind !== 'qa') throw new Error('kind');
    const ids = (await all(dataset.rows())).map(({ id }) => id);
    expect(ids.filter((id) => id.endsWith('~damaged'))).toHaveLength(10);
    expect(new Set(ids).size).toBe(50);
    const listed = readFileSync(path.join(dataset.folder, 'augmentation.jsonl'), 'utf8').trim().split('\n');
    expect(listed.map((line) => ids[JSON.parse(line).row]?.endsWith('~damaged'))).toEqual(listed.map(() => true));
    expect(dataset.manifest.lineage.steps.at(-1)).toMatchObject({
      name: 'augment',
      seed: 9,
      parameters: { share: 0.25 },
    });
    const replaced = await makeAugmented(contextOf(), { ...making, mode: 'replace', as: 'other' });
    expect(replaced.rows).toBe(40);
  });
});

test('marks around an output, and the way back: of several the last, none without an end', () => {
  expect(wrap('KEY', 'Bob')).toBe('{{KEY_START}}Bob{{KEY_END}}');
  expect(readMarked('KEY', 'I think {{KEY_START}}Al{{KEY_END}}, no: {{KEY_START}}Bob{{KEY_END}}.')).toBe('Bob');
  expect(readMarked('KEY', '{{KEY_START}}Bob')).toBeUndefined();
  expect(readMarked('OTHER', '{{KEY_START}}Bob{{KEY_END}}')).toBeUndefined();
});

describe('training rows', () => {
  const row: QaRow = {
    id: 'r',
    contextId: 'c',
    context: 'The tide turns at six.',
    question: 'When?',
    answers: ['at six'],
    metadata: {},
  };
  const form = { template: { name: 'sft', text: null }, markers: null, schema: null };

  test('the tutorial’s prompt, byte for byte, is the default', () => {
    expect(sftMaker(workspace.paths, form)(row)).toEqual({
      row: {
        form: 'alpaca',
        id: 'r',
        system: 'You are a helpful assistant.',
        history: [],
        instruction: '请用下面的文段的原文来回答问题\n\n### 已知文段：The tide turns at six.\n\n### 问题：When?\n',
        input: '',
        output: 'at six',
      },
    });
    expect(sftMaker(workspace.paths, form)({ ...row, answers: [''] })).toEqual({ why: 'it is incomplete' });
  });

  test('a template of the user’s own becomes part of the work', () => {
    const file = workspace.file('short.txt', 'Be brief.\n---\nRead: {context}\nAsk: {question}\n');
    const template = chooseTemplate(workspace.paths, file);
    writeFileSync(file, 'changed');
    const made = sftMaker(workspace.paths, { ...form, template, markers: 'ANSWER' })(row);
    expect(made).toMatchObject({
      row: {
        system: 'Be brief.',
        instruction:
          'Read: [1] The tide turns at six.\nAsk: When?\n\nPut the answer between {{ANSWER_START}} and {{ANSWER_END}}.',
        output: '{{ANSWER_START}}at six{{ANSWER_END}}',
      },
    });
    expect(() => chooseTemplate(workspace.paths, workspace.file('bad.txt', 'no slots'))).toThrow(/\{context\}/);
    expect(() => chooseTemplate(workspace.paths, 'nothing')).toThrow(/no prompt "nothing"/);
  });

  test('reports: every target of the fixture fits its schema; one that does not is left out and says why', async () => {
    const folder = path.join(fixturesDir(), 'reports');
    const schema = readFileSync(path.join(folder, 'schema.json'), 'utf8');
    const rows = readFileSync(path.join(folder, 'reports.jsonl'), 'utf8').trim().split('\n');
    expect(rows).toHaveLength(20);
    const wrong = JSON.stringify({ ...JSON.parse(rows[0] ?? ''), id: 'wrong', output: '{"kind": "party"}' });
    const file = workspace.file('reports.jsonl', [...rows, wrong].join('\n'));
    await importDataset(workspace.paths, file, { format: 'alpaca', name: 'reports' });
    const { version } = openDataset(workspace.paths, 'reports').manifest;
    const making: Making = {
      what: 'sft',
      dataset: 'reports',
      version,
      part: 'all',
      as: 'reports-sft',
      ...form,
      schema,
    };
    expect(makingSchema.parse(making)).toEqual(making);
    const made = await makeSft(contextOf(), { ...making, what: 'sft' });
    expect(made).toMatchObject({ rows: 20, counts: { 'left out': 1 } });
    const dataset = openDataset(workspace.paths, 'reports-sft');
    if (dataset.kind !== 'sft') throw new Error('kind');
    const rejected = readFileSync(path.join(dataset.folder, 'rejected.jsonl'), 'utf8');
    expect(JSON.parse(rejected).why).toMatch(/^kind: /);
    const first = dataset.row(0);
    if (first.form !== 'alpaca') throw new Error('form');
    expect(first.instruction).toContain('"enum":["inspection","accident","delivery","meeting"]');
  });

  test('a structured answer is read back: mended, then checked', () => {
    const schema = outputSchema(
      '{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}',
    );
    expect(readStructured(schema, 'Here: {"n": 3,}')).toEqual({ ok: true, output: '{"n":3}' });
    expect(readStructured(schema, '{"n": "three"}')).toMatchObject({ ok: false, why: expect.stringContaining('n:') });
    expect(readStructured(schema, 'three')).toEqual({ ok: false, why: 'it is no JSON' });
    expect(() => outputSchema('{"type": "string"}')).toThrow(/schema/);
  });
});

test('pairs of two runs: the better of enough difference, only where both were sent the same', () => {
  const item = (content: string, output: string, score: number | null, cut = ''): ItemResult => ({
    v: 1,
    column: 'c',
    item: content,
    content,
    contextId: 'x',
    answerKey: '',
    key: '',
    state: 'ok',
    question: 'q',
    answers: ['a'],
    output,
    finish: 'stop',
    error: null,
    retrieved: null,
    cut,
    scores: { f1: score },
    usage: null,
    timing: { retrievalMs: null, firstTokenMs: null, totalMs: null },
  });
  const column = (label: string, items: ItemResult[]) => ({
    label,
    items: new Map(items.map((one) => [one.content, one])),
  });
  const a = column('run/a', [
    item('1', 'bad', 0.1),
    item('2', 'same', 0),
    item('3', 'x', 0.5),
    item('4', 'x', null),
    item('5', 'x', 0),
    item('6', 'x', 0),
  ]);
  const b = column('run/b', [
    item('1', ' good ', 0.9),
    item('2', 'same', 1),
    item('3', 'y', 0.6),
    item('4', 'y', 1),
    item('5', 'y', 1, 'cut'),
    item('6', 'y', 1),
  ]);
  const { rows, about, skipped } = pairItems(a, b, { metric: 'f1', difference: 0.3 }, ({ content }, side) => [
    { role: 'user', content: content === '6' ? side.label : 'q' },
  ]);
  expect(rows).toEqual([{ id: 'pair-1', messages: [{ role: 'user', content: 'q' }], chosen: 'good', rejected: 'bad' }]);
  expect(about).toEqual([
    { item: '1', metric: 'f1', chosenScore: 0.9, rejectedScore: 0.1, chosen: 'run/b', rejected: 'run/a' },
  ]);
  expect(skipped).toEqual({ 'too alike': 1, 'same answer': 1, 'other messages': 1, 'cut context': 1, 'no score': 1 });
});

test('work in order: at most so many at once, and no more is begun when the reader stops', async () => {
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  const results: number[] = [];
  for await (const one of ordered([1, 2, 3, 4, 5, 6, 7, 8, 9], 3, async (item) => {
    begun.push(item);
    running += 1;
    most = Math.max(most, running);
    // The later ones are done first.
    for (let turn = 0; turn < 10 - item; turn += 1) await Promise.resolve();
    running -= 1;
    return item * 10;
  })) {
    results.push(one);
    if (results.length === 4) break;
  }
  expect(results).toEqual([10, 20, 30, 40]);
  expect(most).toBe(3);
  expect(begun.length).toBeLessThanOrEqual(7);
});

test('a journal: found by a later job of the same work alone, also behind a line that a kill cut', () => {
  const making: Making = {
    what: 'preference',
    as: 'p',
    from: { kind: 'votes', kb: null, blind: false },
  };
  const job = (suffix: string, work: Making) => {
    const id = `20260101-000000-make-data-000${suffix}`;
    const folder = path.join(workspace.paths.jobs, id);
    mkdirSync(folder, { recursive: true });
    const spec = {
      version: 1,
      id,
      name: 'n',
      createdAt: '2026-01-01T00:00:00.000Z',
      work: { kind: 'make-data', making: work },
    };
    writeFileSync(path.join(folder, 'spec.json'), JSON.stringify(spec));
    return folder;
  };
  const [first, second, third] = [job('1', making), job('2', making), job('3', { ...making, as: 'other' })];
  const schema = z.object({ n: z.number() });
  const one = Journal.open(workspace.paths, first, making, schema);
  one.put('a', { n: 1 });
  one.close();
  writeFileSync(path.join(first, 'journal.jsonl'), '{"key":"b","value":{"n', { flag: 'a' });
  const again = Journal.open(workspace.paths, first, making, schema);
  again.put('c', { n: 3 });
  again.close();
  const two = Journal.open(workspace.paths, second, making, schema);
  expect([two.get('a'), two.get('b'), two.get('c'), two.found]).toEqual([{ n: 1 }, undefined, { n: 3 }, 2]);
  two.close();
  const three = Journal.open(workspace.paths, third, { ...making, as: 'other' }, schema);
  expect(three.found).toBe(0);
  three.close();
});
