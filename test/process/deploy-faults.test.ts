import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { stopJob } from '../../src/jobs/control.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobId } from '../../src/jobs/types.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';
import { groupMembers } from '../../src/platform/process-group.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { holdings, takeMemory } from '../../src/serving/hand-over.ts';
import { ensureJob, type ServedModel, stopServers, untilServed } from '../../src/serving/llama.ts';
import type { ServeWork } from '../../src/serving/types.ts';
import { ensureBuilt } from '../support/models.ts';
import { VllmWorkspace } from '../support/vllm-workspace.ts';

let workspace: VllmWorkspace;
let home: string;
let paths: WorkspacePaths;
beforeAll(ensureBuilt);
beforeEach(() => {
  workspace = new VllmWorkspace();
  ({ home, paths } = workspace);
});
afterEach(() => workspace.remove());

interface Running {
  readonly id: JobId;
  readonly served: ServedModel;
  readonly pids: Readonly<Record<'server' | 'engine' | 'worker' | 'supervisor', number>>;
}

async function running(change: Partial<ServeWork> = {}): Promise<Running> {
  const work: ServeWork = {
    engine: 'vllm',
    model: 'base',
    contextTokens: 2048,
    idleMinutes: 0,
    adapters: [],
    weights: path.join(home, 'base-hf'),
    kvCacheGiB: 1,
    ...change,
  };
  const { spec, folder } = await ensureJob(paths, work);
  const served = await untilServed(paths, spec.id, 'base', {});
  await waitUntil(() => readJob(paths, spec.id).state === 'running', 10_000);
  const response = await fetch(`${served.url}/models`, { headers: { authorization: `Bearer ${served.key}` } });
  const { engine, server } = z.object({ engine: z.number(), server: z.number() }).parse(await response.json());
  const files = jobFiles(folder);
  const pidOf = (file: string) => readJsonFile(file, identityFileSchema)?.pid ?? 0;
  const pids = { server, engine, worker: pidOf(files.worker), supervisor: pidOf(files.supervisor) };
  return { id: spec.id, served, pids };
}
const view = (id: JobId) => readJob(paths, id);
const untilOver = (id: JobId) => waitUntil(() => isOver(view(id).state), 20_000);
/** Processes that are left of a job: server, engine core, worker, and what they started. */
const left = ({ pids }: Running) => groupMembers(pids.worker);
const kill = (pid: number) => process.kill(pid, 'SIGKILL');

test('a server that hangs is said not to answer, and to answer when it does again', async () => {
  const job = await running();
  expect(view(job.id).reason).toBe('');
  process.kill(job.pids.server, 'SIGSTOP');
  const hungAt = Date.now();
  expect(await waitUntil(() => view(job.id).reason !== '', 30_000)).toBe(true);
  const [, since = ''] = /^has not answered since (\S+)$/.exec(view(job.id).reason) ?? [];
  expect(view(job.id).state).toBe('running');
  // It had answered shortly before.
  expect(Math.abs(Date.parse(since) - hungAt)).toBeLessThan(5000);
  process.kill(job.pids.server, 'SIGCONT');
  expect(await waitUntil(() => view(job.id).reason === '', 30_000)).toBe(true);
  const events = readFileSync(path.join(view(job.id).folder, 'events.jsonl'), 'utf8');
  expect(events.match(/"state":"running","reason":"has not answered/g)).toHaveLength(1);
});

test.each([
  [['server'], 'failed', /killed from outside/],
  [['engine'], 'failed', /its engine died/],
  [['worker'], 'failed', /was ended by SIGKILL/],
  [['worker', 'server'], 'failed', /was ended by SIGKILL/],
  [['supervisor', 'server'], 'failed', /killed from outside/],
  [['supervisor', 'engine'], 'failed', /its engine died/],
  // Nobody is left to write down how it ended; the guard ends the server.
  [['supervisor', 'worker'], 'lost', /gone and left no result/],
  [['worker', 'supervisor'], 'failed|lost', /./],
] as const)('kill -9 of %j: the right state, and nobody left', async (order, state, reason) => {
  const job = await running();
  for (const who of order) kill(job.pids[who]);
  expect(await untilOver(job.id)).toBe(true);
  expect(view(job.id).state).toMatch(new RegExp(`^(?:${state})$`));
  expect(await waitUntil(() => left(job).length === 0, 15_000)).toBe(true);
  expect(processIdentity(job.pids.engine)).toBeUndefined();
  // While something of it lives, a lost job says that.
  expect(`${view(job.id).reason} ${view(job.id).error?.message ?? ''}`).toMatch(reason);
});

test('kill -9 of the supervisor alone: the server goes on and can be stopped', async () => {
  const job = await running();
  kill(job.pids.supervisor);
  await waitUntil(() => view(job.id).reason !== '', 10_000);
  expect(view(job.id)).toMatchObject({ state: 'running', reason: expect.stringMatching(/supervisor died/) });
  expect((await stopJob(paths, job.id)).state).toBe('stopped');
  expect(left(job)).toEqual([]);
});

const longAnswer = ({ served }: Running) =>
  fetch(`${served.url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${served.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'base', messages: [], max_tokens: 999 }),
  }).then((response) => response.ok);
const post = ({ served }: Running, what: string) =>
  fetch(new URL(what, served.url), { headers: { authorization: `Bearer ${served.key}` } });

test('a stop waits for what is being answered', async () => {
  const job = await running();
  const answer = longAnswer(job);
  // It is answered on a connection that was opened before the server stops taking new ones.
  await post(job, '/health');
  const stopped = stopServers(paths, 'base');
  await waitUntil(() => view(job.id).state === 'stopping', 10_000);
  expect(isOver(view(job.id).state)).toBe(false);
  process.kill(job.pids.server, 'SIGUSR2');
  expect(await answer).toBe(true);
  expect((await stopped).map(({ state }) => state)).toEqual(['stopped']);
  expect(left(job)).toEqual([]);
});

test('a stop at once cuts it off', async () => {
  const job = await running();
  const answer = longAnswer(job).catch(() => 'cut off');
  await post(job, '/health');
  expect((await stopServers(paths, 'base', { now: true })).map(({ state }) => state)).toEqual(['stopped']);
  expect(await answer).toBe('cut off');
  expect(left(job)).toEqual([]);
});

test('a port that was taken between the look and the start is tried again with another; times of stages are kept', async () => {
  process.env['FAKE_VLLM'] = 'port-once';
  const job = await running();
  const events = readFileSync(path.join(view(job.id).folder, 'events.jsonl'), 'utf8');
  expect(events.match(/api_server --model/g)).toHaveLength(2);
  expect(events).toContain('port was taken');
  expect(events).not.toContain('usually');
  await stopJob(paths, job.id);
  const again = await running();
  expect(readFileSync(path.join(view(again.id).folder, 'events.jsonl'), 'utf8')).toMatch(
    /loading weights \(after \d+ s, usually \d+ s\)/,
  );
});

test('what a server holds, and what it costs to have it back, is told before its memory is taken', async () => {
  const job = await running({ vllm: { sleepMode: true } });
  const [held, ...others] = await holdings(paths);
  expect(others).toEqual([]);
  // On a CPU sleeping gives nothing back, whatever the server was started with.
  expect(held).toMatchObject({ job: job.id, model: 'base', engine: 'vllm', device: 'cpu', how: 'stop' });
  // The fake server is a Node process.
  expect(held?.bytes ?? 0).toBeGreaterThan(10 * 1024 ** 2);
  expect(held?.startSeconds ?? -1).toBeGreaterThan(0);
  expect(await holdings(paths, 'another')).toEqual([]);
  if (held) await takeMemory(paths, held);
  expect(view(job.id).state).toBe('stopped');
  expect(left(job)).toEqual([]);
  expect(await holdings(paths)).toEqual([]);
});
