import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { buildSegment } from '../../../src/kb/index/build-segment.ts';
import type * as Plan from '../../../src/kb/index/plan-build.ts';
import { fakeEmbedder, ingest, type OpenedService, openService, tempWorkspace } from '../../support/kb-service.ts';

const DIM = 64;
const COUNT = 260;
const ROOM = 20;
// A few narrow vectors are worth a segment, and there is so little room that most of them wait for it.
vi.mock('../../../src/kb/index/plan-build.ts', async (original) => {
  const real = await original<typeof Plan>();
  const planBuild: typeof real.planBuild = (state, quiet) => real.planBuild({ ...state, dim: 256 * state.dim }, quiet);
  return { ...real, planBuild, tailMax: () => ROOM };
});

const LINES = Array.from({ length: COUNT }, (_, at) => `text number ${at}`);
const FILES = Object.fromEntries(LINES.map((line, at) => [`/d/${at}`, line]));

let workspace: ReturnType<typeof tempWorkspace>;
let kb: OpenedService;
let failures = 0;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  workspace = tempWorkspace();
  kb = openService(workspace.paths, { e: DIM }, async (order) => {
    if (failures-- > 0) throw new Error('no room on the disk');
    return buildSegment(order);
  });
});
afterEach(async () => {
  await kb.service.close();
  workspace.remove();
  vi.useRealTimers();
});

const search = (query: string, path?: string) =>
  kb.call('search', { kb: 'k', query, mode: 'vector', topK: 5, ...(path && { filter: { path } }) });

it('what waits for its segment is known to verify, found where few are compared, and built when a build works again', async () => {
  failures = 4;
  await kb.call('kb.create', { name: 'k', groups: [{ name: 'line', splitter: 'line' }], embedders: ['e'] });
  await ingest(kb.client, { kb: 'k', embedders: [fakeEmbedder('e', DIM)], files: FILES });
  await search('text number 1');
  await kb.service.settled();
  expect(failures).toBe(1);
  expect((await search('text number 1')).unindexed).toBe(COUNT - ROOM);
  const trouble = async () => (await kb.call('kb.show', { kb: 'k' })).indexes[0]?.trouble;
  expect(await trouble()).toBe('no room on the disk');

  for (const [at, line] of LINES.entries()) {
    if (at % 50 === 49) expect((await search(line, `/d/${at}`)).hits.map(({ text }) => text)).toEqual([line]);
  }
  expect((await kb.call('kb.verify', {})).checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(failures).toBe(1);

  await vi.advanceTimersByTimeAsync(60_000);
  await kb.service.settled();
  expect([failures, (await search('text number 1')).unindexed]).toEqual([0, COUNT - ROOM]);
  // The next try is twice as far away.
  await vi.advanceTimersByTimeAsync(60_000);
  await kb.service.settled();
  expect((await search('text number 1')).unindexed).toBe(COUNT - ROOM);
  await vi.advanceTimersByTimeAsync(60_000);
  await kb.service.settled();
  const { hits, search: kind, unindexed } = await search('text number 249');
  expect(await trouble()).toBeUndefined();
  expect([hits[0]?.text, kind, unindexed]).toEqual(['text number 249', 'hnsw', undefined]);
  expect((await kb.call('kb.verify', {})).checks.filter(({ ok }) => !ok)).toEqual([]);
});
