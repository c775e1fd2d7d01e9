import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { stopJob } from '../../src/jobs/control.ts';
import { jobFiles } from '../../src/jobs/folder.ts';
import { livingProcess } from '../../src/jobs/identity.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver } from '../../src/jobs/types.ts';
import { addLocalModel } from '../../src/models/own.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { planDeployment } from '../../src/serving/deploy.ts';
import { ensureJob, untilServed } from '../../src/serving/llama.ts';
import { listServers } from '../../src/serving/servers.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { descendantsOf } from '../support/process-tree.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

const LLM = 'smollm2-135m-instruct';
const EMBEDDER = 'toy';
/** Servers that come and go: 20 times here, 200 in the soak (RAGTUI_CYCLES). */
const CYCLES = Number(process.env['RAGTUI_CYCLES'] ?? 20);

let workspace: CommandWorkspace;
beforeAll(async () => {
  ensureBuilt();
  await ensureModels([LLM]);
  workspace = new CommandWorkspace();
  await addLocalModel(workspace.paths, {
    name: EMBEDDER,
    path: path.join(fixturesDir(), 'reference', 'toy-embedder'),
    kind: 'embedding',
    embedder: { pooling: 'mean', normalize: true },
  });
});
afterAll(() => workspace.close());

type Part = 'server' | 'supervisor' | 'ui';
const ORDERS: readonly (readonly Part[])[] = [
  ['server', 'supervisor', 'ui'],
  ['server', 'ui', 'supervisor'],
  ['supervisor', 'server', 'ui'],
  ['supervisor', 'ui', 'server'],
  ['ui', 'server', 'supervisor'],
  ['ui', 'supervisor', 'server'],
];

/** A command that starts a server and waits for it, and the processes that came of it. */
async function started(model: string) {
  const before = new Set(listJobs(workspace.paths).map(({ spec }) => spec.id));
  const ui: ChildProcess = workspace.start(['deploy', 'start', model, '--wait']);
  const job = () => listJobs(workspace.paths).find(({ spec }) => !before.has(spec.id));
  const files = () => jobFiles(job()?.folder ?? '');
  await waitUntil(() => {
    const now = job();
    return now !== undefined && livingProcess(files().worker) !== undefined && now.progress === null;
  }, 60_000);
  const id = job()?.spec.id;
  const [server, supervisor] = [livingProcess(files().worker)?.pid, livingProcess(files().supervisor)?.pid];
  if (id === undefined || server === undefined || supervisor === undefined) throw new Error('not started');
  return { id, pids: { server, supervisor, ui: ui.pid ?? 0 } };
}

describe.each([LLM, EMBEDDER])('kill -9 of %s', (model) => {
  test.each(ORDERS)('%s, %s, %s: the state is right and nobody is left', async (...order) => {
    const { id, pids } = await started(model);
    // Half of them while it starts, half of them when it answers.
    if (order[0] !== 'ui') await waitUntil(() => readJob(workspace.paths, id).state === 'running', 60_000);
    const below = descendantsOf(pids.server);
    const gone = new Set<Part>();
    for (const part of order) {
      if (processIdentity(pids[part])) process.kill(pids[part], 'SIGKILL');
      gone.add(part);
      const state = () => readJob(workspace.paths, id);
      if (gone.has('server') && gone.has('supervisor')) {
        expect(await waitUntil(() => isOver(state().state), 10_000)).toBe(true);
        expect(state().state).toBe(order.indexOf('server') < order.indexOf('supervisor') ? 'failed' : 'lost');
      } else if (gone.has('server')) {
        expect(await waitUntil(() => state().state === 'failed', 10_000)).toBe(true);
        expect(state().reason).toMatch(/SIGKILL/);
      } else if (gone.has('supervisor')) {
        expect(await waitUntil(() => /its supervisor died/.test(state().reason), 10_000)).toBe(true);
        expect(['starting', 'running']).toContain(state().state);
      }
    }
    const all = [...Object.values(pids), ...below];
    expect(await waitUntil(() => all.every((pid) => processIdentity(pid) === undefined), 10_000)).toBe(true);
    expect(listServers(workspace.paths)).toEqual([]);
  });
});

test('a server whose supervisor was killed answers on, is found, and is stopped', async () => {
  const { id, pids } = await started(EMBEDDER);
  await waitUntil(() => readJob(workspace.paths, id).state === 'running', 60_000);
  process.kill(pids.supervisor, 'SIGKILL');
  await waitUntil(() => processIdentity(pids.supervisor) === undefined, 10_000);
  const again = z
    .object({ job: z.object({ id: z.string() }) })
    .parse(await workspace.json(['deploy', 'start', EMBEDDER, '--wait']));
  expect(again.job.id).toBe(id);
  const stopped = await stopJob(workspace.paths, id);
  expect(stopped.state).toBe('stopped');
  expect(processIdentity(pids.server)).toBeUndefined();
});

test(`a server started and stopped ${CYCLES} times leaves no process, no address and no lock`, async () => {
  const { paths } = workspace;
  const pids: number[] = [];
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    const job = await ensureJob(paths, planDeployment(paths, { model: EMBEDDER, adapters: [] }));
    const served = await untilServed(paths, job.spec.id, EMBEDDER, {});
    const files = jobFiles(job.folder);
    const worker = livingProcess(files.worker)?.pid ?? 0;
    pids.push(worker, ...descendantsOf(worker), livingProcess(files.supervisor)?.pid ?? 0);
    expect((await stopJob(paths, job.spec.id)).state).toBe('stopped');
    await expect(fetch(served.url)).rejects.toThrow();
  }
  expect(new Set(pids).size).toBe(3 * CYCLES);
  expect(await waitUntil(() => pids.every((pid) => processIdentity(pid) === undefined), 10_000)).toBe(true);
  expect(listServers(paths)).toEqual([]);
});
