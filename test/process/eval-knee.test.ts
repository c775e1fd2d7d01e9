import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importDataset } from '../../src/datasets/import.ts';
import { prepareEvaluation } from '../../src/evaluation/prepare.ts';
import { waitForJob } from '../../src/jobs/control.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { chats, depthIn, progressOf, promptsOf, Slots, wells } from '../support/evaluations.ts';
import { type FakeOpenAi, fakeOpenAi, says, status } from '../support/fake-openai.ts';
import { ensureBuilt } from '../support/models.ts';
import { TestWorkspace } from '../support/workspace.ts';

const ITEMS = 240;
let workspace: TestWorkspace;
let server: FakeOpenAi;

beforeAll(async () => {
  ensureBuilt();
  workspace = new TestWorkspace();
  server = await fakeOpenAi();
  await addEndpoint(workspace.paths, { name: 'fake', kind: 'chat', url: server.url, model: 'm' });
  const file = path.join(workspace.folder, 'wells.json');
  writeFileSync(file, JSON.stringify(wells(ITEMS)));
  await importDataset(workspace.paths, file, { format: 'squad', name: 'wells' });
});

afterAll(async () => {
  await workspace?.remove();
  await server?.close();
});

async function evaluated() {
  const { evaluation } = await prepareEvaluation(workspace.paths, {
    dataset: 'wells',
    split: 'all',
    kb: null,
    limit: null,
    seed: 1314,
    baselines: false,
    concurrency: 'auto',
    reuse: false,
    column: ['name=copies,llm=fake,context=gold'],
    metrics: ['exact'],
    primary: null,
    metricEmbedder: 'none',
  });
  const job = await launchJob(workspace.paths, { kind: 'evaluate', ...evaluation });
  return { job, view: await waitForJob(workspace.paths, job.spec.id) };
}

it('finds how many a server takes: in its second half at least nine tenths of the limit', async () => {
  const slots = new Slots(4, 150);
  const before = promptsOf(server).length;
  let share = 0;
  server.script(
    chats(async (prompt) => {
      const asked = promptsOf(server).length - before;
      if (asked === ITEMS / 2) slots.measure();
      // The last ones leave slots empty, whatever anyone does.
      if (asked === ITEMS - 10) share = slots.share();
      await slots.serve();
      return says([depthIn(prompt)]);
    }),
  );
  const { job, view } = await evaluated();
  expect(view.state).toBe('succeeded');
  expect(share).toBeGreaterThanOrEqual(0.9);
  expect(progressOf(job)?.details['places']).toBeLessThanOrEqual(8);
});

it('keeps below what a server refuses, and asks every question to its answer', async () => {
  let inWork = 0;
  let refused = 0;
  server.script(async (response, request) => {
    if (request.path === '/v1/chat/completions' && inWork >= 3) {
      refused += 1;
      return status(429, { error: { message: 'slow down' } }, { 'retry-after': '1' })(response, request);
    }
    inWork += 1;
    try {
      await chats(async (prompt) => {
        await new Promise((resolve) => setTimeout(resolve, 40));
        return says([depthIn(prompt)]);
      })(response, request);
    } finally {
      inWork -= 1;
    }
  });
  const { job, view } = await evaluated();
  expect([view.state, view.progress?.done, progressOf(job)?.details['errors']]).toEqual(['succeeded', ITEMS, 0]);
  expect(progressOf(job)?.details['places']).toBeLessThanOrEqual(3);
  expect(refused).toBeLessThan(ITEMS / 10);
});
