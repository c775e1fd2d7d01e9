import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importDataset } from '../../src/datasets/import.ts';
import { prepareEvaluation } from '../../src/evaluation/prepare.ts';
import { waitForJob } from '../../src/jobs/control.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { poolFolder, readPoolFigures } from '../../src/models/pool-figures.ts';
import { chats, depthIn, progressOf, promptsOf, Slots, wells } from '../support/evaluations.ts';
import { type FakeOpenAi, fakeOpenAi, says } from '../support/fake-openai.ts';
import { ensureBuilt } from '../support/models.ts';
import { TestWorkspace } from '../support/workspace.ts';

const ITEMS = 160;
let workspace: TestWorkspace;
let servers: FakeOpenAi[];

beforeAll(async () => {
  ensureBuilt();
  workspace = new TestWorkspace();
  servers = await Promise.all([fakeOpenAi(), fakeOpenAi()]);
  const [url = '', ...alsoAt] = servers.map((server) => server.url);
  await addEndpoint(workspace.paths, { name: 'both', kind: 'chat', url, alsoAt, model: 'm' });
  const file = path.join(workspace.folder, 'wells.json');
  writeFileSync(file, JSON.stringify(wells(ITEMS)));
  await importDataset(workspace.paths, file, { format: 'squad', name: 'wells' });
});

afterAll(async () => {
  await workspace?.remove();
  for (const server of servers) await server.close();
});

it('two servers share a run evenly; one that dies in the middle of it loses nothing, and only what it had is asked again', async () => {
  const [dying, other] = servers;
  if (!dying || !other) throw new Error('no servers');
  const inWork = new Set<string>();
  let shares: readonly number[] = [];
  let lost: readonly string[] = [];
  const answers = (server: FakeOpenAi) => {
    const slots = new Slots(4, 25);
    return chats(async (prompt) => {
      if (server === dying) inWork.add(prompt);
      if (server === dying && promptsOf(dying).length === ITEMS / 4) {
        shares = servers.map((one) => promptsOf(one).length);
        lost = [...inWork];
        void dying.close();
      }
      await slots.serve();
      inWork.delete(prompt);
      return says([depthIn(prompt)]);
    });
  };
  for (const server of servers) server.script(answers(server));
  const { evaluation } = await prepareEvaluation(workspace.paths, {
    dataset: 'wells',
    split: 'all',
    kb: null,
    limit: null,
    seed: 1314,
    baselines: false,
    concurrency: 'auto',
    reuse: false,
    column: ['name=copies,llm=both,context=gold'],
    metrics: ['exact'],
    primary: null,
    metricEmbedder: 'none',
  });
  const job = await launchJob(workspace.paths, { kind: 'evaluate', ...evaluation });
  const view = await waitForJob(workspace.paths, job.spec.id);
  expect([view.state, view.progress?.done, progressOf(job)?.details['errors']]).toEqual(['succeeded', ITEMS, 0]);

  expect(Math.abs((shares[0] ?? 0) - (shares[1] ?? 0))).toBeLessThanOrEqual(12);
  const asked = servers.flatMap(promptsOf);
  const twice = asked.filter((prompt, at) => asked.indexOf(prompt) !== at);
  expect(new Set(asked).size).toBe(ITEMS);
  expect(lost.length).toBeGreaterThan(0);
  expect([...twice].sort()).toEqual([...lost].sort());

  const [first, second] = readPoolFigures(poolFolder(workspace.paths, 'both'));
  expect(first).toMatchObject({ url: dying.url, state: 'down', inFlight: 0 });
  expect(second).toMatchObject({ url: other.url, state: 'up', failures: 0 });
  // Beside the questions it was asked, a refused connection may be counted where it was looked for while it died.
  expect(first?.failures).toBeGreaterThanOrEqual(lost.length);
  expect(second?.requests).toBe(promptsOf(other).length);
});
