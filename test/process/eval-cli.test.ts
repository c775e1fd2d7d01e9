import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { itemResultSchema } from '../../src/evaluation/types.ts';
import { type FakeOpenAi, fakeOpenAi, says, status } from '../support/fake-openai.ts';
import { ensureBuilt } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

let workspace: CommandWorkspace;
let server: FakeOpenAi;

beforeAll(async () => {
  ensureBuilt();
  workspace = new CommandWorkspace();
  server = await fakeOpenAi();
  // The "tuned" model copies the year, the "base" model never knows.
  server.script(async (response, request) => {
    if (request.path !== '/v1/chat/completions') return status(404, 'not here')(response, request);
    const body = z
      .object({ model: z.string(), messages: z.array(z.object({ content: z.string() })) })
      .parse(request.body);
    const year = /in (\d{4})/.exec(body.messages.at(-1)?.content ?? '')?.[1] ?? '';
    await says([body.model === 'tuned' ? year : 'no idea'])(response, request);
  });
  for (const model of ['base', 'tuned']) {
    await workspace.json(['models', 'add', model, '--url', server.url, '--model', model]);
  }
  const paragraphs = Array.from({ length: 15 }, (_, i) => ({
    context: `The mill of village ${i} was built in ${1800 + i}.`,
    qas: [
      {
        id: `q${i}`,
        question: `When was the mill of village ${i} built?`,
        answers: [{ text: String(1800 + i), answer_start: 0 }],
      },
    ],
  }));
  const file = path.join(workspace.home, 'mills.json');
  writeFileSync(file, JSON.stringify({ version: '1.1', data: [{ title: 'mills', paragraphs }] }));
  await workspace.json(['dataset', 'import', file, '--format', 'squad', '--name', 'mills']);
});

afterAll(async () => {
  await workspace?.close();
  await server?.close();
});

const COLUMNS = ['--column', 'name=base,llm=base,context=gold', '--column', 'name=tuned,llm=tuned,context=gold'];
const RUN = ['eval', 'run', '--dataset', 'mills', '--split', 'all', ...COLUMNS, '--metrics', 'exact,token-f1'];

const figure = z.object({ mean: z.number(), sum: z.number(), n: z.number(), low: z.number(), high: z.number() });
const runSchema = z.object({
  run: z.object({ id: z.string(), state: z.string(), items: z.number(), errors: z.number() }),
  metrics: z.record(z.string(), figure),
  columns: z.array(z.object({ name: z.string(), metrics: z.record(z.string(), figure) })),
});
const itemsSchema = z.object({
  items: z.array(
    z.object({ item: z.string(), difference: z.number().nullable(), flag: z.boolean(), comment: z.string() }),
  ),
});
const diffSchema = z.object({
  metrics: z.record(
    z.string(),
    z.object({ difference: z.number(), low: z.number(), high: z.number(), p: z.number(), verdict: z.string() }),
  ),
});

it('runs, shows, compares and reports, with the keys that scripts count on', async () => {
  const made = runSchema.parse(await workspace.json([...RUN, '--wait']));
  expect(made.run).toMatchObject({ state: 'succeeded', items: 15, errors: 0 });
  expect(made.metrics['exact']).toMatchObject({ mean: 0, sum: 0, n: 15 });
  expect(made.columns.map(({ name }) => name)).toEqual(['base', 'tuned', 'copy-sentence', 'empty', 'shuffled-answer']);
  expect(made.columns[1]?.metrics['exact']).toMatchObject({ mean: 1, sum: 15 });

  const diff = diffSchema.parse(await workspace.json(['eval', 'diff', 'base', 'tuned']));
  expect(diff.metrics['exact']).toMatchObject({ difference: 1, verdict: 'better' });

  // Two runs: the second finds every answer and asks nothing.
  const before = server.requests.filter(({ path: at }) => at === '/v1/chat/completions').length;
  const again = runSchema.parse(await workspace.json([...RUN, '--wait']));
  expect(server.requests.filter(({ path: at }) => at === '/v1/chat/completions')).toHaveLength(before);
  const across = diffSchema.parse(
    await workspace.json(['eval', 'diff', `${made.run.id}/tuned`, `${again.run.id}/base`]),
  );
  expect(across.metrics['token-f1']).toMatchObject({ difference: -1, verdict: 'worse' });

  const { stdout: markdown } = await workspace.run(['eval', 'report', 'latest']);
  expect(markdown).toMatch(/^# Evaluation of base, tuned on mills\n\n\*\*tuned is better than base in exact: \+100\.0/);
  const { stdout: csv } = await workspace.run(['eval', 'report', made.run.id, '--format', 'csv']);
  expect(csv.split(/\r?\n/)[0]).toBe('item,context,column,state,exact,token-f1,question,answer,output');
  // 15 items of 5 columns, and a header.
  expect(csv.trimEnd().split(/\r?\n/)).toHaveLength(76);
  const { stdout: lines } = await workspace.run(['eval', 'report', made.run.id, '--format', 'jsonl']);
  expect(
    lines
      .trimEnd()
      .split('\n')
      .map((line) => itemResultSchema.parse(JSON.parse(line)).item),
  ).toHaveLength(75);
  const { stdout: junit } = await workspace.run(['eval', 'report', made.run.id, '--format', 'junit']);
  expect(junit).toMatch(/<testsuite name="base" tests="15" failures="15" errors="0"/);
  expect(junit).toMatch(/<testsuite name="tuned" tests="15" failures="0" errors="0"/);
  const page = path.join(workspace.home, 'report.html');
  await workspace.run(['eval', 'report', made.run.id, '--format', 'html', '--out', page]);
  expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>[\s\S]*<svg [\s\S]*<\/html>\n$/);

  // A gate says no only when it is sure: base has 0 of 15, and tuned is surely not worse than it.
  const gate = (...options: string[]) => workspace.run(['eval', 'gate', made.run.id, ...options]);
  expect((await gate('--column', 'base', '--min', '50')).code).toBe(3);
  expect((await gate('--column', 'base', '--max', '50')).code).toBe(0);
  expect((await gate('--column', 'tuned', '--min', '50')).code).toBe(0);
  expect((await gate('--column', 'tuned', '--baseline', 'base')).code).toBe(0);
  const down = await gate('--column', 'base', '--baseline', `${made.run.id}/tuned`, '--tolerance', '5');
  expect([down.code, down.stdout]).toEqual([
    3,
    expect.stringMatching(/^NO: .*base is worse than .*tuned in exact: −100/),
  ]);

  const blamed = await workspace.json(['eval', 'blame', made.run.id]);
  expect(blamed).toMatchObject({
    metric: 'exact',
    below: 1,
    columns: [
      { column: 'base', items: 15, wrong: 15, labels: [{ count: 15, gain: 1 }] },
      { column: 'tuned', items: 15, wrong: 0, labels: [] },
    ],
  });

  // Single questions: filtered, sorted, noted in a file of their own.
  const items = async (...options: string[]) =>
    itemsSchema.parse(await workspace.json(['eval', 'items', made.run.id, ...options]));
  expect((await items('--filter', 'em=1 & base.em=0 & gold~1812')).items).toMatchObject([
    { item: 'q12', difference: 1, flag: false },
  ]);
  expect((await items('--filter', 'base.blame=none')).items).toHaveLength(0);
  expect((await items('--sort', '-item')).items[0]?.item).toBe('q9');
  expect((await items('--filter', 'diff>0', '--column', 'base', '--base', 'tuned')).items).toHaveLength(0);
  const wrong = await workspace.run(['eval', 'items', made.run.id, '--filter', 'em=0 & (f1>0']);
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringContaining('At character 8: this bracket is not closed.'),
  ]);
  await workspace.json(['eval', 'note', made.run.id, 'q3', '--flag', '--comment', 'the year is odd']);
  expect((await items('--filter', 'flag=yes & comment~odd')).items).toMatchObject([
    { item: 'q3', comment: 'the year is odd' },
  ]);

  // Into a dataset of their own; what is there already is not added again, an id that is taken gets a number.
  const send = (...ids: string[]) => workspace.json(['eval', 'send', made.run.id, ...ids, '--dataset', 'hard ones']);
  expect(await send('q3', 'q4')).toMatchObject({ added: 2, known: 0, made: true });
  expect(await send('q3', 'q5')).toMatchObject({ added: 1, known: 1, made: false });
  const rows = await workspace.json(['dataset', 'show', 'hard ones']);
  expect(rows).toMatchObject({ rows: 3, dataset: { kind: 'qa' } });

  // A dataset that is trained on does not get what measures, unless that is meant.
  await workspace.json(['dataset', 'split', 'hard ones', '--test', '1', '--name', 'cut']);
  const leaking = ['eval', 'send', made.run.id, 'q6', '--dataset', 'hard ones'];
  const refused = await workspace.run(leaking);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining('mills:all measures with these questions, and "hard ones" is trained on (cut/train)'),
  ]);
  expect(await workspace.json(['dataset', 'show', 'hard ones'])).toMatchObject({ rows: 3 });
  expect(await workspace.json([...leaking, '--allow-leak'])).toMatchObject({
    added: 1,
    leak: { measured: 'mills:all', through: 'cut/train' },
  });

  const { stdout: list } = await workspace.run(['eval', 'list']);
  expect(list).toMatch(/base, tuned +75 of 75/);
});

it('rows to train on are checked against what a run was judged by', async () => {
  const { run } = runSchema.parse(await workspace.json([...RUN, '--wait']));
  const file = path.join(workspace.home, 'lessons.csv');
  // The second row has the context of item 3 of the run, the third one its question.
  writeFileSync(
    file,
    [
      'question,answer,context',
      'Who keeps bees?,Anna,Anna keeps bees behind the old school.',
      'Which village has a mill?,village 3,The mill of village 3 was built in 1803.',
      'When was the mill of village 3 built?,Nobody,Nobody knows where the mills are now.',
    ].join('\n'),
  );
  await workspace.json(['dataset', 'import', file, '--format', 'financial-qa', '--name', 'lessons']);
  const against = ['dataset', 'check', 'lessons', '--run', run.id];
  const { findings, leaks } = z
    .object({
      leaks: z.array(z.looseObject({ from: z.string() })),
      findings: z.array(z.looseObject({ rule: z.string(), row: z.number().nullable(), other: z.unknown() })),
    })
    .parse(await workspace.json(against));
  expect(
    findings.filter(({ rule }) => rule.startsWith('leak-')).map(({ rule, row, other }) => [rule, row, other]),
  ).toEqual([
    ['leak-context', 1, { row: 3, dataset: 'mills' }],
    ['leak-question', 2, { row: 3, dataset: 'mills' }],
  ]);
  expect(leaks).toMatchObject([{ from: 'mills:all', rows: 3, dirty: 2, context: 1, question: 1 }]);
  expect((await workspace.run([...against, '--gate', 'error'])).code).toBe(3);
  const unknown = await workspace.run([...against.slice(0, -1), '20260101-000000-evaluate-0000']);
  expect([unknown.code, unknown.stdout]).toEqual([1, '']);
  expect(unknown.stderr).toMatch(/no job/);
});

it.each([
  [[...RUN.slice(0, -1), 'bleu'], 2, /no metric "bleu"/],
  [['eval', 'run', '--dataset', 'mills', '--column', 'name=a,llm=base'], 2, /needs a knowledge base/],
  [['eval', 'run', '--dataset', 'mills'], 2, /--column/],
  [['eval', 'run', '--dataset', 'nowhere', '--split', 'all', ...COLUMNS], 1, /no dataset "nowhere"/],
  [['eval', 'show', '20260101-000000-evaluate-0000'], 1, /no job/],
  [['eval', 'diff', 'base', 'other'], 1, /no column "other"/],
  [['eval', 'report', 'latest', '--format', 'pdf'], 2, /md, html, json, csv, jsonl, junit, tutorial/],
  [['eval', 'gate', 'latest'], 2, /needs a bound or a baseline/],
  [['eval', 'gate', 'latest', '--min', '5', '--column', 'other'], 1, /no column "other"/],
])('%j ends with %i', async (args, code, why) => {
  const run = await workspace.run(args);
  expect([run.code, run.stderr]).toEqual([code, expect.stringMatching(why)]);
  expect(run.stderr.trim().split('\n')).toHaveLength(1);
});
