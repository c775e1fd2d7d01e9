import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stopJob, waitForJob } from '../../src/jobs/control.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { readJob } from '../../src/jobs/registry.ts';
import { isOver } from '../../src/jobs/types.ts';
import type { KbClient } from '../../src/kb/protocol.ts';
import { addLocalModel } from '../../src/models/own.ts';
import { modelFolder } from '../../src/models/store.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { writeCorpus } from '../support/ingest-kills.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';
import { EMBEDDER, TestWorkspace } from '../support/workspace.ts';

// The same weights with another pooling are another embedder: other vectors, another fingerprint.
const TUNED = 'tuned';
let workspace: TestWorkspace;
let corpus: string;
let commands: CommandWorkspace;
const ragtui = (args: readonly string[]) => commands.run(args, { RAGTUI_HOME: workspace.paths.home });

beforeAll(async () => {
  ensureBuilt();
  await ensureModels([EMBEDDER]);
  workspace = new TestWorkspace();
  commands = new CommandWorkspace();
  corpus = path.join(workspace.folder, 'corpus');
  writeCorpus(corpus, 8, 30);
  await addLocalModel(workspace.paths, {
    name: TUNED,
    path: modelFolder(workspace.paths, EMBEDDER),
    kind: 'embedding',
    embedder: { pooling: 'mean', dimension: 384, dtype: 'int8' },
  });
});
afterAll(async () => {
  await commands.close();
  await workspace.remove();
});

const QUERY = 'When was the instrument calibrated?';
async function ask(kb: KbClient, embedder?: string) {
  const request = { kb: 'live', query: QUERY, mode: 'vector' as const, topK: 5, ...(embedder ? { embedder } : {}) };
  const { embedder: by, hits } = await kb.call('search', request);
  return { by, hits: hits.map(({ chunkId, score }) => [chunkId, score.toFixed(4)]) };
}
const vectorsOf = async (kb: KbClient, embedder: string) =>
  (await kb.call('kb.show', { kb: 'live' })).indexes.find((index) => index.embedder === embedder)?.vectors;

test('an index is built beside the live one, which answers all the while; one switch, and back without a new vector', async () => {
  await workspace.createKb('live');
  await workspace.ingest('live', [corpus]);
  await workspace.withKb(async (kb) => {
    const before = await ask(kb);
    expect(before.by).toBe(EMBEDDER);
    await expect(kb.call('kb.switch', { kb: 'live', embedder: TUNED })).rejects.toMatchObject({ code: 'not-found' });

    const work = { kind: 'shadow', kb: 'live', embedder: TUNED, threads: 1 } as const;
    const first = await launchJob(workspace.paths, work);
    const state = () => readJob(workspace.paths, first.spec.id);
    let asked = 0;
    let during = 0;
    while (!isOver(state().state)) {
      expect(await ask(kb)).toEqual(before);
      asked += 1;
      const made = (await vectorsOf(kb, TUNED)) ?? 0;
      if (made > 0 && during === 0) {
        during = made;
        // Not before it is whole.
        await expect(kb.call('kb.switch', { kb: 'live', embedder: TUNED })).rejects.toThrow(
          /ragtui kb shadow live|have no vector/,
        );
        // Stopped in the middle: what is embedded stays.
        await stopJob(workspace.paths, first.spec.id);
      }
    }
    expect(asked).toBeGreaterThan(1);
    expect([state().state, state().error]).toEqual(['stopped', null]);
    const kept = (await vectorsOf(kb, TUNED)) ?? 0;
    expect(kept).toBeGreaterThan(0);

    const end = await waitForJob(workspace.paths, (await launchJob(workspace.paths, work)).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    const { indexes, embedders } = await kb.call('kb.show', { kb: 'live' });
    const [live, shadow] = indexes;
    expect(embedders).toEqual([EMBEDDER, TUNED]);
    expect(shadow).toMatchObject({ embedder: TUNED, missing: 0, active: false, vectors: live?.vectors });
    expect(end.progress).toMatchObject({ phase: 'done', done: live?.vectors, total: live?.vectors });
    expect(end.progress?.details['embedded']).toBe((live?.vectors ?? 0) - kept);
    expect(await ask(kb)).toEqual(before);

    const switched = await kb.call('kb.switch', { kb: 'live', embedder: TUNED });
    expect([switched.embedders[0], switched.previous]).toEqual([TUNED, EMBEDDER]);
    const after = await ask(kb);
    expect(after.by).toBe(TUNED);
    expect(after.hits).not.toEqual(before.hits);
    await expect(kb.call('kb.dropEmbedder', { kb: 'live', embedder: TUNED })).rejects.toMatchObject({
      code: 'invalid',
    });

    const back = await kb.call('kb.rollback', { kb: 'live' });
    expect([back.embedders[0], back.previous]).toEqual([EMBEDDER, TUNED]);
    expect(back.indexes.map(({ vectors }) => vectors)).toEqual(switched.indexes.map(({ vectors }) => vectors));
    expect(await ask(kb)).toEqual(before);
  });
});

test('an ingest after it keeps both whole, and neither is removed from the disk while it is used', async () => {
  const { report } = await workspace.ingest('live', [corpus], { embedders: [EMBEDDER, TUNED] });
  expect(report).toMatchObject({ embedded: 0 });
  const removed = await ragtui(['models', 'remove', TUNED, '--yes']);
  expect([removed.code, removed.stderr]).toEqual([1, expect.stringMatching(/"live" has an index of tuned/)]);

  const dropped = await ragtui(['kb', 'shadow', 'live', '--embedder', TUNED, '--drop', '--yes']);
  expect([dropped.code, dropped.stderr]).toEqual([0, '']);
  await workspace.withKb(async (kb) => {
    expect((await kb.call('kb.show', { kb: 'live' })).embedders).toEqual([EMBEDDER]);
    expect((await ask(kb)).by).toBe(EMBEDDER);
    const verified = await kb.call('kb.verify', { kb: 'live' });
    expect(verified.checks.filter(({ ok }) => !ok)).toEqual([]);
  });
  // Its vectors are still there: building it again costs nothing, until the garbage is collected.
  const again = await ragtui(['kb', 'shadow', 'live', '--embedder', TUNED, '--json']);
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout).job.progress.details.embedded).toBe(0);
  expect((await ragtui(['kb', 'shadow', 'live', '--embedder', TUNED, '--drop', '--yes'])).code).toBe(0);
  const garbage = await workspace.withKb((kb) => kb.call('db.gc', { dryRun: false }));
  expect(garbage.garbage.find(({ what }) => what === 'vectors')?.count).toBeGreaterThan(100);
  expect((await ragtui(['models', 'remove', TUNED, '--yes'])).code).toBe(0);
});

test('a job for what is no embedder, or for the live one, says so', async () => {
  const live = await ragtui(['kb', 'shadow', 'live', '--embedder', EMBEDDER]);
  expect(live.stderr).toMatch(/is searched with .* already/);
  const none = await ragtui(['kb', 'shadow', 'live', '--embedder', 'nothing-of-the-kind']);
  expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/nothing-of-the-kind/)]);
  const job = await launchJob(workspace.paths, { kind: 'shadow', kb: 'absent', embedder: EMBEDDER });
  expect(await waitUntil(() => isOver(readJob(workspace.paths, job.spec.id).state), 30_000)).toBe(true);
  expect(readJob(workspace.paths, job.spec.id)).toMatchObject({ state: 'failed', error: { code: 'not-found' } });
});
