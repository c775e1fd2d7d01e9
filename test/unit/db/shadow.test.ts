import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildShadow, type ShadowDeps } from '../../../src/kb/shadow/build.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';
import {
  fakeEmbedder,
  fakeVector,
  ingest,
  type OpenedService,
  openService,
  tempWorkspace,
} from '../../support/kb-service.ts';

const GROUPS = [{ name: 'line', splitter: 'line' as const }];
const E = fakeEmbedder('e', 16);
const F = fakeEmbedder('f', 16);

let workspace: ReturnType<typeof tempWorkspace>;
let kb: OpenedService;
beforeEach(async () => {
  workspace = tempWorkspace();
  kb = openService(workspace.paths, { e: 16, f: 16 });
  await kb.call('kb.create', { name: 'k', groups: GROUPS, embedders: ['e'] });
});
afterEach(async () => {
  await kb.service.close();
  workspace.remove();
});

const lines = (from: number, count: number): string =>
  Array.from({ length: count }, (_, at) => `text number ${from + at}`).join('\n');
const fill = (files: Readonly<Record<string, string>>) => ingest(kb.client, { kb: 'k', embedders: [E], files });
type Embed = (texts: readonly string[]) => Promise<void>;
const build = (
  before: Embed = async () => {},
  signal = new AbortController().signal,
  change: Partial<ShadowDeps> = {},
) =>
  buildShadow({
    kb: kb.client,
    name: 'k',
    embedder: F,
    lanes: 1,
    embed: async (_, id, texts) => {
      await before(texts);
      return { vectors: texts.map((text) => fakeVector(id, text, 16)), tokens: texts.map(() => 3) };
    },
    onProgress: () => {},
    onLog: () => {},
    signal,
    ...change,
  });
const missing = async () =>
  (await kb.call('kb.show', { kb: 'k' })).indexes.find(({ embedder }) => embedder === 'f')?.missing;

describe('an index beside the live one', () => {
  it('holds every text at its end, those too that an ingest brings meanwhile', async () => {
    await fill({ '/a': lines(0, 1200) });
    let brought = false;
    const report = await build(async () => {
      if (brought) return;
      brought = true;
      await fill({ '/a': lines(0, 1200), '/b': lines(5000, 40) });
    });
    expect(report).toMatchObject({ texts: 1240, embedded: 1240, tokens: 3720 });
    expect(await missing()).toBe(0);
    const found = await kb.call('search', {
      kb: 'k',
      embedder: 'f',
      query: 'text number 5039',
      mode: 'vector',
      topK: 1,
    });
    expect(found.hits[0]?.text).toBe('text number 5039');
  });

  it('takes over what another knowledge base has embedded', async () => {
    await fill({ '/a': lines(0, 30) });
    await kb.call('kb.create', { name: 'other', groups: GROUPS, embedders: ['f'] });
    await ingest(kb.client, { kb: 'other', embedders: [F], files: { '/x': lines(10, 50) } });
    expect(await build()).toMatchObject({ texts: 30, embedded: 10 });
  });

  it('goes on after a stop with what is left', async () => {
    await fill({ '/a': lines(0, 100) });
    const stop = new AbortController();
    let calls = 0;
    const stopped = build(async () => {
      calls += 1;
      if (calls === 2) stop.abort();
    }, stop.signal);
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    const left = (await missing()) ?? 0;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(100);
    expect((await build()).embedded).toBe(left);
  });

  it('fails with the reason when a text cannot be embedded, and keeps the others', async () => {
    await fill({ '/a': lines(0, 50) });
    const failing = build(async (texts) => {
      if (texts.includes('text number 7')) throw new RagtuiError('invalid', 'no direction');
    });
    await expect(failing).rejects.toThrow('no direction');
    expect(await missing()).toBe(1);
    await expect(kb.call('kb.switch', { kb: 'k', embedder: 'f' })).rejects.toThrow(/1 of 50 texts/);
  });

  it('is not built for the live embedder, and leaves with a dropped one', async () => {
    await fill({ '/a': lines(0, 10) });
    await expect(build(undefined, undefined, { embedder: E })).rejects.toThrow(/searched with e already/);
    await build();
    const { embedders, indexes } = await kb.call('kb.dropEmbedder', { kb: 'k', embedder: 'f' });
    expect([embedders, indexes.length]).toEqual([['e'], 1]);
    await expect(kb.call('shadow.missing', { kb: 'k', embedder: 'f', after: null })).rejects.toMatchObject({
      code: 'not-found',
    });
    const { garbage } = await kb.call('db.gc', { dryRun: true });
    expect(garbage.find(({ what }) => what === 'vectors')?.count).toBe(10);
  });
});
