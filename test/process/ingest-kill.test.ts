import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processIdentity } from '../../src/platform/processes.ts';
import { ingestAndKill, type Victim, writeCorpus } from '../support/ingest-kills.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { EMBEDDER, TestWorkspace } from '../support/workspace.ts';

// `npm run test:soak` runs this file with RAGTUI_KILL_ROUNDS=200.
const ROUNDS = Number(process.env['RAGTUI_KILL_ROUNDS'] ?? 10);
const VICTIMS: readonly Victim[] = ['worker', 'service', 'worker', 'service', 'supervisor'];

let undisturbed: Awaited<ReturnType<TestWorkspace['dump']>>;
let duration: number;
let workspace: TestWorkspace;
let corpus: string;

beforeAll(async () => {
  ensureBuilt();
  await ensureModels([EMBEDDER]);
  workspace = new TestWorkspace();
  corpus = path.join(workspace.folder, 'corpus');
  writeCorpus(corpus, 8, 20);
  await workspace.createKb('undisturbed');
  const started = performance.now();
  const { view } = await workspace.ingest('undisturbed', [corpus]);
  duration = performance.now() - started;
  expect(view.state).toBe('succeeded');
  undisturbed = await workspace.dump('undisturbed');
  expect(undisturbed.documents).toBe(8);
});
afterAll(() => workspace.remove());

test(
  `killed at ${ROUNDS} random moments, then run again: the same knowledge base`,
  async () => {
    let killed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const fresh = new TestWorkspace();
      try {
        await fresh.createKb('undisturbed');
        const victim = VICTIMS[round % VICTIMS.length] ?? 'worker';
        const moment = Math.random() * duration;
        if (await ingestAndKill(fresh, 'undisturbed', [corpus], victim, moment)) killed++;
        const { view } = await fresh.ingest('undisturbed', [corpus]);
        const told = `round ${round}: ${victim} killed after ${moment.toFixed(0)} ms`;
        expect(view.state, told).toBe('succeeded');
        expect(await fresh.dump('undisturbed'), told).toEqual(undisturbed);
        const verified = await fresh.withKb((kb) => kb.call('kb.verify', { kb: 'undisturbed' }));
        expect(
          verified.checks.filter((check) => !check.ok && !check.repaired),
          told,
        ).toEqual([]);
        const again = await fresh.withKb((kb) => kb.call('kb.verify', { kb: 'undisturbed' }));
        expect(
          again.checks.filter((check) => !check.ok || check.repaired),
          `${told}, second verify`,
        ).toEqual([]);
      } finally {
        await fresh.remove();
      }
    }
    expect(killed).toBeGreaterThan(ROUNDS / 3);
  },
  ROUNDS * 60_000,
);

test.each(['before_commit:6', 'before_commit:12', 'mid_flip', 'mid_flip:3', 'after_commit:6', 'after_commit:12'])(
  'the service dies at %s: the ingest goes on with a new one, and the knowledge base is the same',
  async (point) => {
    const fresh = new TestWorkspace();
    try {
      await fresh.createKb('undisturbed');
      await fresh.killService();
      process.env['RAGTUI_CRASH_AT'] = point;
      const doomed = await fresh.servicePid();
      delete process.env['RAGTUI_CRASH_AT'];
      const { view } = await fresh.ingest('undisturbed', [corpus]);
      expect(processIdentity(doomed), 'the service reached the crash point').toBeUndefined();
      expect(view.state).toBe('succeeded');
      expect(await fresh.dump('undisturbed')).toEqual(undisturbed);
    } finally {
      delete process.env['RAGTUI_CRASH_AT'];
      await fresh.remove();
    }
  },
  120_000,
);
