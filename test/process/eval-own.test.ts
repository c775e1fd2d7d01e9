import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { type FakeOpenAi, fakeOpenAi, says, status } from '../support/fake-openai.ts';
import { ensureBuilt } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

let workspace: CommandWorkspace;
let server: FakeOpenAi;
/** The file that an own metric writes when it is loaded. */
let trace: string;

const bodySchema = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
  response_format: z.unknown().optional(),
});

beforeAll(async () => {
  ensureBuilt();
  workspace = new CommandWorkspace();
  server = await fakeOpenAi();
  // It knows one capital, and answers in JSON where it is held to it.
  server.script(async (response, request) => {
    if (request.path !== '/v1/chat/completions') return status(404, 'not here')(response, request);
    const { messages, response_format: held } = bodySchema.parse(request.body);
    const question = messages.at(-1)?.content ?? '';
    const answer = held ? '{"answer": "Paris"}' : question.includes('capital of France') ? 'Paris' : 'I forgot.';
    await says([answer])(response, request);
  });
  await workspace.json(['models', 'add', 'fake', '--url', server.url, '--model', 'm']);
  trace = path.join(workspace.home, 'loaded-by');
  const folder = path.join(workspace.home, 'config', 'metrics');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path.join(folder, 'polite.mjs'),
    `import { appendFileSync } from 'node:fs';
     appendFileSync(${JSON.stringify(trace)}, process.argv[1] + '\\n');
     export default {
       name: 'forgot', direction: 'lower', binary: true, blindTo: 'Other words for it.',
       score: ({ question, output }) => {
         if (question.includes('spider')) throw new Error('afraid of spiders');
         return output === null ? null : output.includes('forgot');
       },
     };`,
  );
  writeFileSync(path.join(folder, 'broken.js'), 'export default 7;');
});

afterAll(async () => {
  await workspace?.close();
  await server?.close();
});

const metricsSchema = z.object({
  metrics: z.array(z.object({ name: z.string(), range: z.array(z.number().nullable()), source: z.string() })),
  problems: z.array(z.object({ message: z.string() })),
});
const runSchema = z.object({
  run: z.object({ state: z.string(), evaluation: z.object({ dataset: z.string(), metrics: z.array(z.string()) }) }),
  columns: z.array(
    z.object({ name: z.string(), metrics: z.record(z.string(), z.object({ mean: z.number(), n: z.number() })) }),
  ),
  notes: z.array(z.object({ id: z.string(), text: z.string() })),
});

it('lists all metrics, those of the config folder with their file', async () => {
  const found = metricsSchema.parse(await workspace.json(['eval', 'metrics']));
  expect(found.metrics.find(({ name }) => name === 'forgot')?.source).toMatch(/config\/metrics\/polite\.mjs$/);
  expect(found.metrics.find(({ name }) => name === 'first-token')?.range).toEqual([0, null]);
  expect(found.problems.map(({ message }) => message)).toEqual([
    'broken.js is left out: its default export is no metric.',
  ]);
});

it('asks what was forgotten, with an own metric run in workers alone', async () => {
  const columns = ['--column', 'name=free,llm=fake', '--column', 'name=held,llm=fake,format=json'];
  const ran = runSchema.parse(await workspace.json(['eval', 'forgetting', ...columns, '--wait']));
  expect(ran.run).toMatchObject({ state: 'succeeded', evaluation: { dataset: 'ragtui-general' } });
  // Nothing but the bare question.
  const asked = server.requests.flatMap(({ body }) => bodySchema.safeParse(body).data ?? []);
  expect(asked.filter(({ response_format }) => response_format !== undefined)).toHaveLength(52);
  expect(asked.every(({ messages }) => messages.length === 1)).toBe(true);
  const [free, held] = ran.columns;
  expect(free?.metrics['mentions']).toMatchObject({ n: 52, mean: 1 / 52 });
  expect(held?.metrics['mentions']?.mean).toBe(1 / 52);
  // The answer about the spider is missing.
  expect(free?.metrics['forgot']).toMatchObject({ n: 51, mean: 50 / 51 });
  expect(held?.metrics['forgot']).toMatchObject({ n: 51, mean: 0 });
  expect(ran.notes.map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^forgot failed at 1 answers of free, .+: afraid of spiders\.$/),
  );
  expect(ran.notes[0]?.id).toBe('forgot-unknown');
});

it('never loads their code in the process of a command', async () => {
  const { readFileSync } = await import('node:fs');
  const loaders = new Set(
    readFileSync(trace, 'utf8')
      .trim()
      .split('\n')
      .map((file) => path.basename(file)),
  );
  expect([...loaders].sort()).toEqual(['evaluate.js', 'task.js']);
});
