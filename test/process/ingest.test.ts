import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stopJob, waitForJob } from '../../src/jobs/control.ts';
import { readJob } from '../../src/jobs/registry.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { writeCorpus } from '../support/ingest-kills.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { EMBEDDER, LINE, TestWorkspace } from '../support/workspace.ts';

let workspace: TestWorkspace;

beforeAll(async () => {
  ensureBuilt();
  await ensureModels([EMBEDDER]);
  workspace = new TestWorkspace();
});
afterAll(() => workspace.remove());

test('a second run embeds nothing, a changed line embeds one text, a removed file leaves', async () => {
  const corpus = path.join(workspace.folder, 'small');
  writeCorpus(corpus, 6, 10);
  await workspace.createKb('small');
  const first = await workspace.ingest('small', [corpus]);
  // 6 files of 10 lines; lines 0 and 5 are the same in all: 6 × 8 + 2 different texts.
  expect(first.report).toMatchObject({ added: 6, failed: [], chunks: 60, embedded: 50 });

  const second = await workspace.ingest('small', [corpus]);
  expect(second.report).toMatchObject({ added: 0, changed: 0, unchanged: 6, embedded: 0 });

  appendFileSync(path.join(corpus, 'station-0.txt'), '\nThe telescope was moved to the north hall.');
  const third = await workspace.ingest('small', [corpus]);
  expect(third.report).toMatchObject({ added: 0, changed: 1, unchanged: 5, embedded: 1 });

  rmSync(path.join(corpus, 'station-5.txt'));
  const fourth = await workspace.ingest('small', [corpus]);
  expect(fourth.report).toMatchObject({ removed: 1, unchanged: 5, embedded: 0 });
  const found = await workspace.withKb((kb) =>
    kb.call('search', { kb: 'small', query: 'Where did the telescope go?', mode: 'vector', topK: 1 }),
  );
  expect(found.hits[0]?.text).toBe('The telescope was moved to the north hall.');
});

test('a folder that lost most of its files removes nothing without --prune', async () => {
  const corpus = path.join(workspace.folder, 'guarded');
  writeCorpus(corpus, 5, 3);
  await workspace.createKb('guarded');
  await workspace.ingest('guarded', [corpus]);
  for (const n of [1, 2, 3, 4]) rmSync(path.join(corpus, `station-${n}.txt`));
  const { report } = await workspace.ingest('guarded', [corpus]);
  expect(report.removed).toBe(0);
  expect(report.warnings.join(' ')).toContain('--prune');
  const pruned = await workspace.ingest('guarded', [corpus], { prune: true });
  expect(pruned.report.removed).toBe(4);
});

test('bad files have their reason and the others go in', async () => {
  const corpus = path.join(workspace.folder, 'mixed');
  writeCorpus(corpus, 2, 3);
  writeFileSync(path.join(corpus, 'broken.pdf'), '%PDF-1.7\nnot really');
  writeFileSync(path.join(corpus, 'empty.txt'), '');
  writeFileSync(path.join(corpus, 'binary.txt'), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2, 3, 0]));
  await workspace.createKb('mixed');
  const { report, view } = await workspace.ingest('mixed', [corpus]);
  expect(view.state).toBe('succeeded');
  expect(report.added).toBe(2);
  expect(report.failed.map((f) => path.basename(f.path)).sort()).toEqual(['binary.txt', 'broken.pdf', 'empty.txt']);
  for (const { reason } of report.failed) expect(reason).toMatch(/^[^\n]{10,200}$/);
});

test('two ingests into one knowledge base: the second waits, saying for which', async () => {
  const corpus = path.join(workspace.folder, 'twice');
  writeCorpus(corpus, 10, 20);
  await workspace.createKb('twice');
  const first = await workspace.launchIngest('twice', [corpus]);
  const holds = async () => (await workspace.withKb((kb) => kb.call('kb.show', { kb: 'twice' }))).ingesting !== null;
  expect(await waitUntil(holds, 30_000)).toBe(true);
  const second = await workspace.launchIngest('twice', [corpus]);
  const phases: string[] = [];
  await waitForJob(workspace.paths, second.spec.id, { onView: (v) => phases.push(v.progress?.phase ?? '') });
  expect(phases).toContain(`waiting for ${first.spec.id}`);
  expect(readJob(workspace.paths, first.spec.id).state).toBe('succeeded');
  expect(readJob(workspace.paths, second.spec.id).state).toBe('succeeded');
});

test('a stopped ingest goes on where it was: nothing is embedded twice', async () => {
  const corpus = path.join(workspace.folder, 'stopped');
  writeCorpus(corpus, 120, 20);
  const different = 120 * 16 + 4;
  await workspace.createKb('stopped');
  const job = await workspace.launchIngest('stopped', [corpus]);
  const embedded = () => readJob(workspace.paths, job.spec.id).progress?.details['embedded'] ?? 0;
  expect(await waitUntil(() => embedded() > 0, 60_000)).toBe(true);
  const stopped = await stopJob(workspace.paths, job.spec.id);
  expect(stopped.state).toBe('stopped');
  const vectors = await workspace.withKb(async (kb) => (await kb.call('kb.show', { kb: 'stopped' })).indexes);
  expect(vectors.length).toBeGreaterThan(0);
  const { report } = await workspace.ingest('stopped', [corpus]);
  expect(report.embedded).toBeLessThan(different);
  expect(report.embedded).toBeGreaterThan(0);
});

test('--watch follows the folder until it is stopped', async () => {
  const corpus = path.join(workspace.folder, 'watched');
  writeCorpus(corpus, 2, 3);
  await workspace.createKb('watched');
  const { launchJob } = await import('../../src/jobs/launcher.ts');
  const job = await launchJob(workspace.paths, {
    kind: 'ingest',
    kb: 'watched',
    roots: [corpus],
    groups: [LINE],
    embedders: [EMBEDDER],
    watch: true,
    prune: false,
  });
  const reports = () =>
    readFileSync(path.join(job.folder, 'events.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"report"'));
  expect(await waitUntil(() => reports().length === 1, 60_000)).toBe(true);
  writeFileSync(path.join(corpus, 'new.txt'), 'The comet returns in 2061.');
  expect(await waitUntil(() => reports().length >= 2, 60_000)).toBe(true);
  const { documents } = await workspace.withKb((kb) => kb.call('kb.show', { kb: 'watched' }));
  expect(documents).toBe(3);
  expect((await stopJob(workspace.paths, job.spec.id)).state).toBe('stopped');
});
