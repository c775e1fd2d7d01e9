import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { addAdapter } from '../../src/models/own.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import { processIdentity } from '../../src/platform/processes.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';
import { writeRandomAdapter } from '../support/random-adapter.ts';

const MODEL = 'smollm2-135m-instruct';
/** SmolLM2-135M. */
const SHAPE = { hidden: 576, heads: 9, kvHeads: 3, ffn: 1536, layers: 30 };
const QUESTION = 'Who founded the observatory in 1908?';

let workspace: CommandWorkspace;
beforeAll(async () => {
  ensureBuilt();
  await ensureModels([MODEL, 'bge-small-en-v1.5-int8']);
  workspace = new CommandWorkspace();
  const adapter = (name: string, zero: boolean) => {
    const folder = path.join(workspace.home, 'my tunes', name);
    writeRandomAdapter(folder, { seed: 7, rank: 8, alpha: 16, dtype: 'F32', model: SHAPE, zero });
    return folder;
  };
  const about = { base: MODEL, basePath: '', rank: 8, alpha: 16, template: 'smollm2', templateSystem: '', lineage: {} };
  await addAdapter(workspace.paths, { ...about, name: 'tuned', path: adapter('tuned', false) });
  await addAdapter(workspace.paths, { ...about, name: 'untrained', path: adapter('untrained', true) });
  const documents = path.join(fixturesDir(), 'sample-kb', 'en');
  await workspace.json(['ingest', documents, '--kb', 'notes', '--embedder', 'bge-small-en-v1.5-int8']);
});
afterAll(() => workspace.close());

const columnSchema = z.object({
  name: z.string(),
  state: z.string(),
  answer: z.string(),
  error: z.object({ code: z.string() }).nullable(),
  hits: z.array(z.object({ document: z.string(), text: z.string() })),
  timing: z.object({ firstTokenMs: z.number().nullable(), tokensPerSecond: z.number().nullable() }).nullable(),
  strict: z.boolean().optional(),
});
const comparisonSchema = z.object({ columns: z.array(columnSchema), order: z.object({ mode: z.string() }) });
const deploymentsSchema = z.object({
  deployments: z.array(
    z.object({
      job: z.string(),
      model: z.string(),
      adapters: z.array(z.string()),
      state: z.string(),
      engine: z.string(),
    }),
  ),
});
const deployed = async () => deploymentsSchema.parse(await workspace.json(['deploy', 'list'])).deployments;
const column = (name: string, llm: string, more = '') => ['--column', `name=${name},llm=${llm},max-tokens=40${more}`];
const compare = async (...columns: string[]) =>
  comparisonSchema.parse(await workspace.json(['compare', QUESTION, '--kb', 'notes', ...columns])).columns;

test('base and adapters are compared on one server with one set of weights; a fault stays in its column', async () => {
  const columns = await compare(
    ...column('base', MODEL),
    ...column('tuned', 'tuned'),
    ...column('untrained', 'untrained'),
    ...column('gone', 'no-such-model'),
    ...column('bare', 'none'),
  );
  expect(columns.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'base ok',
    'tuned ok',
    'untrained ok',
    'gone failed',
    'bare ok',
  ]);
  const [base, tuned, untrained, gone, bare] = columns;
  expect(base?.answer).toContain('observatory');
  // A random adapter changes the answer; one whose B is zero changes nothing, to the letter.
  expect(tuned?.answer).not.toBe(base?.answer);
  expect(untrained?.answer).toBe(base?.answer);
  expect(base).toMatchObject({ strict: true, timing: { firstTokenMs: expect.any(Number) } });
  expect(gone).toMatchObject({ error: { code: 'not-found' }, answer: '' });
  expect(bare?.hits).toEqual(base?.hits);
  expect(await deployed()).toMatchObject([{ model: MODEL, adapters: ['tuned', 'untrained'], engine: 'llama' }]);
});

test('the same comparison says the same, together or one after another', async () => {
  const texts = async (order: string) =>
    (await compare(...column('base', MODEL), ...column('tuned', 'tuned'), '--order', order)).map(
      ({ answer }) => answer,
    );
  expect(await texts('together')).toEqual(await texts('rotate'));
});

test('with --stream and --json the words come as lines, and the last one is the whole', async () => {
  const args = ['compare', QUESTION, '--kb', 'notes', ...column('base', MODEL), '--stream', '--json'];
  const { stdout } = await workspace.run(args);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => z.object({ type: z.string(), text: z.string().optional() }).loose().parse(JSON.parse(line)));
  const said = lines.filter(({ type }) => type === 'delta').map(({ text }) => text);
  expect(said.length).toBeGreaterThan(3);
  const last = comparisonSchema.parse(lines.at(-1));
  expect(last.columns[0]?.answer).toBe(said.join(''));
});

test('exit 1 only when all columns failed; wrong columns are wrong usage', async () => {
  const run = (...columns: string[]) => workspace.run(['compare', QUESTION, '--kb', 'notes', ...columns]);
  expect((await run(...column('gone', 'no-such-model'))).code).toBe(1);
  expect((await run('--column', 'name=a,colour=red')).code).toBe(2);
  expect((await run()).code).toBe(2);
});

test('deploy: a dry run starts nothing, start waits until it answers, stop leaves no process', async () => {
  await workspace.json(['deploy', 'stop', MODEL]);
  await workspace.json(['deploy', 'start', 'tuned', '--engine', 'llama', '--dry-run']);
  expect(await deployed()).toEqual([]);
  await workspace.json(['deploy', 'start', 'tuned', '--engine', 'llama', '--wait']);
  const [server] = await deployed();
  expect(server).toMatchObject({ state: 'running', adapters: ['tuned'] });
  const jobSchema = z.object({ job: z.object({ pid: z.number() }) });
  const { job } = jobSchema.parse(await workspace.json(['jobs', 'show', server?.job ?? '']));
  expect(processIdentity(job.pid)).toBeDefined();
  await workspace.json(['deploy', 'stop', 'tuned']);
  expect(await deployed()).toEqual([]);
  expect(processIdentity(job.pid)).toBeUndefined();
  expect((await workspace.run(['deploy', 'stop', 'tuned'])).code).toBe(1);
});
