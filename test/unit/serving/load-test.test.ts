import { describe, expect, it } from 'vitest';
import { differencesOf, ratiosOf } from '../../../src/serving/load-test/compare.ts';
import { kneeOf } from '../../../src/serving/load-test/knee.ts';
import { levelOf, type Measured } from '../../../src/serving/load-test/measure.ts';
import { madeUpPrompt } from '../../../src/serving/load-test/prompts.ts';
import { requestsOf } from '../../../src/serving/load-test/run.ts';
import { type Level, LOAD_TEST_USUAL, type LoadTestResult } from '../../../src/serving/load-test/types.ts';

const level = (concurrency: number, tokensPerSecond: number, change: Partial<Level> = {}): Level => ({
  concurrency,
  requests: 10,
  errors: 0,
  firstError: null,
  seconds: 1,
  requestsPerSecond: tokensPerSecond / 10,
  tokensPerSecond,
  promptTokens: 100,
  answerTokens: 100,
  estimated: false,
  firstTokenMs: { p50: 100, p95: 200 },
  gapMs: { p50: 10, p95: 20 },
  ...change,
});
const curve = (...points: readonly (readonly [number, number])[]): Level[] => points.map(([c, t]) => level(c, t));

describe('the knee', () => {
  it('is where a curve that bends stops paying', () => {
    expect(kneeOf(curve([1, 100], [2, 195], [4, 380], [8, 400], [16, 402]))).toEqual({ concurrency: 4, rising: false });
  });

  it('takes ten per cent as a rise, and a little less as none', () => {
    expect(kneeOf(curve([1, 100], [2, 110]))).toEqual({ concurrency: 2, rising: true });
    expect(kneeOf(curve([1, 100], [2, 109.9]))).toEqual({ concurrency: 1, rising: false });
  });

  it('is not fooled by small steps that add up, nor by a dip on the way', () => {
    // Each step is below ten per cent, the way from the best of all lower ones too.
    expect(kneeOf(curve([1, 100], [2, 105], [3, 110], [4, 114]))?.concurrency).toBe(1);
    expect(kneeOf(curve([1, 100], [2, 80], [4, 200], [8, 190]))).toEqual({ concurrency: 4, rising: false });
  });

  it('says that it may lie higher where the last level still rises', () => {
    expect(kneeOf(curve([1, 100], [2, 200], [4, 400]))).toEqual({ concurrency: 4, rising: true });
  });

  it('of a server that does one thing at a time is 1; of one level it is that level', () => {
    expect(kneeOf(curve([1, 50], [2, 50], [4, 49]))).toEqual({ concurrency: 1, rising: false });
    expect(kneeOf(curve([4, 50]))).toEqual({ concurrency: 4, rising: false });
    expect(kneeOf([])).toBeNull();
  });

  it('leaves out levels that a server cannot take', () => {
    const failing = [...curve([1, 100], [2, 190]), level(4, 400, { errors: 1 }), level(8, 900, { errors: 10 })];
    expect(kneeOf(failing)).toEqual({ concurrency: 2, rising: false });
    expect(kneeOf([level(1, 0, { errors: 10 })])).toBeNull();
  });

  it('goes by requests where no tokens are told', () => {
    const silent = [level(1, 0, { requestsPerSecond: 2 }), level(2, 0, { requestsPerSecond: 4 })];
    expect(kneeOf(silent)?.concurrency).toBe(2);
  });
});

describe('a level', () => {
  const answer = (startedAt: number, endedAt: number, change = {}): Measured => ({
    ok: true,
    startedAt,
    endedAt,
    firstTokenMs: 100,
    pieceMs: [100, 110, 130],
    promptTokens: 20,
    answerTokens: 5,
    ...change,
  });

  it('is counted by hand', () => {
    const measured: Measured[] = [
      answer(1000, 2000),
      answer(1000, 3000, { firstTokenMs: 300, pieceMs: [300, 340] }),
      { ok: false, startedAt: 2000, endedAt: 5000, error: 'full' },
    ];
    expect(levelOf(2, measured)).toEqual({
      concurrency: 2,
      requests: 3,
      errors: 1,
      firstError: 'full',
      seconds: 4,
      requestsPerSecond: 0.5,
      tokensPerSecond: 2.5,
      promptTokens: 40,
      answerTokens: 10,
      estimated: false,
      firstTokenMs: { p50: 100, p95: 300 },
      gapMs: { p50: 20, p95: 40 },
    });
  });

  it('counts pieces where the server tells no tokens, and says so', () => {
    const told = levelOf(1, [answer(0, 1000, { answerTokens: null, promptTokens: null })]);
    expect(told).toMatchObject({ answerTokens: 3, estimated: true });
  });

  it('has no latencies where nothing came', () => {
    const silent = levelOf(1, [answer(0, 1000, { firstTokenMs: null, pieceMs: [] })]);
    expect([silent.firstTokenMs, silent.gapMs]).toEqual([null, null]);
  });
});

describe('prompts', () => {
  it('are of about the wanted length, and no two begin alike', () => {
    const many = Array.from({ length: 50 }, (_, number) => madeUpPrompt(number, 128));
    expect(new Set(many.map((text) => text.slice(0, 9))).size).toBe(50);
    for (const text of many) expect(text.split(/\s+/).length).toBeGreaterThan(100);
    for (const text of many) expect(text.split(/\s+/).length).toBeLessThan(140);
  });
});

it('a level has four requests for each at a time, eight at least', () => {
  expect([1, 2, 4, 16].map((at) => requestsOf({ requests: null }, at))).toEqual([8, 8, 16, 64]);
  expect(requestsOf({ requests: 3 }, 16)).toBe(3);
});

describe('two tests', () => {
  const result = (levels: readonly Level[], change: Partial<LoadTestResult['test']> = {}): LoadTestResult => ({
    version: 1,
    id: '20261129-041500-load-test-4f2a',
    startedAt: '2026-11-29T04:15:00.000Z',
    test: { target: { kind: 'name', name: 'sft' }, ...LOAD_TEST_USUAL, concurrency: [1, 2], ...change },
    url: 'http://127.0.0.1:1/v1',
    model: 'sft',
    engine: 'vllm',
    state: 'done',
    levels: [...levels],
    knee: null,
  });

  it('are compared level by level', () => {
    const [one, , none] = ratiosOf(
      result([level(1, 100), level(2, 200), level(4, 400, { firstTokenMs: null })]),
      result([level(1, 50, { firstTokenMs: { p50: 200, p95: 300 } }), level(2, 200), level(4, 100), level(8, 1)]),
    );
    expect(one).toEqual({ concurrency: 1, throughput: 2, firstToken: 0.5, gap: 1 });
    expect(none).toEqual({ concurrency: 4, throughput: 4, firstToken: null, gap: 1 });
  });

  it('that asked for other things are said to', () => {
    expect(differencesOf(result([]), result([]))).toEqual([]);
    expect(differencesOf(result([], { maxTokens: 32 }), result([]))).toEqual(['maxTokens 32 ≠ 64']);
    const rows = { dataset: 'cmrc', split: 'test' };
    expect(differencesOf(result([], { rows }), result([]))).toEqual(['prompts cmrc test ≠ made up']);
  });
});
