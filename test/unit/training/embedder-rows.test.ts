import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../../src/datasets/open.ts';
import type { DatasetKind, DatasetRow, RetrievalRow } from '../../../src/datasets/types.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { type RowOptions, rowsText, writeEmbedderRows } from '../../../src/training/embedder-rows.ts';
import { PARITY_TEXTS, parityTexts } from '../../../src/training/parity-texts.ts';
import { publishRows } from '../datasets/doctor-support.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-rows-'));
const paths = workspacePaths(home, {});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const options: RowOptions = { part: undefined, limit: undefined, seed: 1, instruction: '', distill: false };
async function write(name: string, kind: DatasetKind, rows: readonly DatasetRow[], changes: Partial<RowOptions> = {}) {
  await publishRows(paths, name, kind, rows);
  const written = await writeEmbedderRows(openDataset(paths, name), path.join(home, 'data'), {
    ...options,
    ...changes,
  });
  const lines = readFileSync(written.file, 'utf8').trim().split('\n');
  return { written, lines: lines.map((line): RetrievalRow => JSON.parse(line)) };
}
const mined = (at: number, extra: Partial<RetrievalRow> = {}): RetrievalRow => ({
  query: `q${at}`,
  pos: [`p${at}`],
  neg: [`n${at}`, 'n'],
  ...extra,
});

describe('the rows an embedder is trained on', () => {
  it('keep mined negatives as they are', async () => {
    const { written, lines } = await write('mined', 'retrieval', [mined(0), mined(1)]);
    expect(lines).toEqual([mined(0), mined(1)]);
    expect(rowsText(written)).toBe('2 rows, 2 negatives each (as they were mined)');
  });

  it('without a negative get some of the others, never their own passage', async () => {
    const rows = [mined(0, { neg: [], pos: ['p0', 'p 1'] }), mined(1, { pos: ['p  1'] }), mined(2), mined(3)];
    const { written, lines } = await write('bare', 'retrieval', rows);
    expect([...(lines[0]?.neg ?? [])].sort()).toEqual(['p2', 'p3']);
    expect(rowsText(written)).toBe('4 rows, 2 negatives each (1 rows drawn at random)');
  });

  it('say one instruction before every query: the row’s own, else the base’s, and none where the base has none', async () => {
    const rows = [mined(0, { prompt: 'other: ' }), mined(1)];
    const { written, lines } = await write('told', 'retrieval', rows, { instruction: 'base: ' });
    expect(lines.map(({ prompt }) => prompt)).toEqual(['other: ', 'base: ']);
    expect(written.otherInstruction).toBe(1);
    const bare = await write('untold', 'retrieval', rows);
    expect(bare.lines.map(({ prompt }) => prompt)).toEqual([undefined, undefined]);
  });

  it('end at the limit', async () => {
    const { written, lines } = await write('limited', 'retrieval', [mined(0), mined(1), mined(2)], { limit: 2 });
    expect([written.rows, lines.length]).toEqual([2, 2]);
  });

  it('are distilled from only with a score for each passage', async () => {
    const scored = mined(0, { pos_scores: [1], neg_scores: [0.5, 0.1] });
    const { lines } = await write('scored', 'retrieval', [scored], { distill: true });
    expect(lines).toEqual([scored]);
    await expect(write('half', 'retrieval', [scored, mined(1)], { distill: true })).rejects.toThrow(
      /Row 1 has no score/,
    );
    const short = mined(0, { pos_scores: [1], neg_scores: [0.5] });
    await expect(write('short', 'retrieval', [short], { distill: true })).rejects.toThrow(/Row 0 has no score/);
  });
});

describe('the texts of parity', () => {
  it('are a hundred different ones: short, long, of several scripts, and longer than the model reads', async () => {
    const rows = Array.from({ length: 300 }, (_, at) => mined(at, { pos: [`passage ${at} `.repeat((at % 9) + 1)] }));
    const { written } = await write('long', 'retrieval', rows);
    const texts = parityTexts(written.file, 512);
    expect([texts.length, new Set(texts).size]).toEqual([PARITY_TEXTS, PARITY_TEXTS]);
    expect(texts.filter((text) => text.split(/\s+/).length > 512 || /^长{500,}/.test(text))).toHaveLength(3);
    expect(texts.some((text) => text.trim() === '')).toBe(true);
    expect(texts.some((text) => text === 'q299' || text === 'q298')).toBe(true);
    expect(texts.filter((text) => /^q\d+$/.test(text)).length).toBeGreaterThan(25);
    expect(texts.filter((text) => text.startsWith('passage')).length).toBeGreaterThan(25);
  });

  it('are a hundred of three rows too', async () => {
    const { written } = await write('few', 'retrieval', [mined(0), mined(1), mined(2)]);
    const texts = parityTexts(written.file, 64);
    expect([texts.length, new Set(texts).size]).toEqual([PARITY_TEXTS, PARITY_TEXTS]);
  });
});
