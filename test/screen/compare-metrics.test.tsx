import { afterEach, describe, expect, it } from 'vitest';
import {
  answerFigures,
  bestOf,
  type ColumnFigures,
  columnFigures,
  rateNow,
} from '../../src/screens/compare/metrics-figures.ts';
import { columnMetricLines, costText } from '../../src/screens/compare/metrics-lines.ts';
import { metricTable } from '../../src/screens/compare/metrics-table.ts';
import { machineLines, serverLines } from '../../src/screens/compare/server-lines.ts';
import type { ServerSample, TelemetrySample } from '../../src/serving/metrics-types.ts';
import { setLanguage } from '../../src/ui/i18n/index.ts';
import { type Line, lineText, textWidth } from '../../src/ui/text.ts';
import type { ColumnRun } from '../../stores/compare.ts';
import { appendPiece, createStreamBuffer, type StreamBuffer } from '../../stores/stream-buffer.ts';
import { answerOf, columnOf } from './compare-metrics-samples.ts';

afterEach(() => setLanguage('en'));

const NOTHING: ColumnFigures = {
  firstTokenMs: null,
  rateNow: null,
  rate: null,
  pace: [],
  gapP50Ms: null,
  gapP95Ms: null,
  promptTokens: null,
  answerTokens: null,
  answerEstimated: false,
  promptEstimated: false,
  retrievalMs: null,
  embeddingMs: null,
  totalMs: null,
  cost: null,
  retries: null,
};

/** Pieces at these clocks. */
function streamed(...times: number[]): StreamBuffer {
  const buffer = createStreamBuffer();
  for (const at of times) appendPiece(buffer, { text: 'a', reasoning: '' }, at);
  return buffer;
}

const running = (over: Partial<ColumnRun>): ColumnRun => ({
  ...columnOf('a'),
  phase: 'answering',
  startedAt: 100,
  ...over,
});
const textOf = (lines: readonly Line[]): string[] => lines.map(lineText);

describe('the numbers of a column', () => {
  it('are missing before anything came, not 0', () => {
    expect(columnFigures(running({ phase: 'retrieving' }), 900)).toEqual({
      ...NOTHING,
      answerEstimated: true,
      totalMs: 800,
    });
  });

  it('while it streams: of the pieces, tokens estimated', () => {
    const buffer = streamed(1000, 1100, 1200, 1500);
    buffer.askedAt = 600;
    const figures = columnFigures(running({ buffer, promptTokens: 812 }), 1500);
    expect(figures).toMatchObject({
      firstTokenMs: 400,
      // Three after the one that opens the half second.
      rateNow: 6,
      rate: 6,
      // Three in the first half second, one in the next.
      pace: [6, 2],
      gapP50Ms: 100,
      gapP95Ms: 300,
      promptTokens: 812,
      answerTokens: 4,
      answerEstimated: true,
      totalMs: 1400,
    });
  });

  it('has no time of embedding where nothing was embedded', () => {
    const timing = { embeddingMs: 0, retrievalMs: 1.5, rerankMs: 0 };
    const search = { hits: [], group: 'line', search: 'none' as const, relevant: true, timing };
    expect(columnFigures(running({ search: { ...search, mode: 'bm25', embedder: null } }), 500)).toMatchObject({
      retrievalMs: 1.5,
      embeddingMs: null,
    });
    expect(columnFigures(running({ search: { ...search, mode: 'hybrid', embedder: 'e' } }), 500).embeddingMs).toBe(0);
    // Opened from the history: what was found is known, how long it took is not.
    const reopened = running({ phase: 'ended', startedAt: 0, search: { ...search, mode: 'hybrid', embedder: 'e' } });
    expect(columnFigures(reopened, 500)).toMatchObject({ retrievalMs: null, embeddingMs: null, totalMs: null });
  });

  it('of an answer are what the server told', () => {
    const figures = answerFigures(answerOf({}));
    expect(figures).toMatchObject({
      firstTokenMs: 120,
      rateNow: null,
      rate: 31.2,
      gapP50Ms: 31,
      gapP95Ms: 45,
      promptTokens: 812,
      answerTokens: 134,
      answerEstimated: false,
      retrievalMs: 1.2,
      embeddingMs: 23,
      totalMs: 5210,
      retries: 0,
    });
    // Four pieces, 0 to 1.2 s.
    expect(figures.pace).toEqual([4, 2, 2]);
  });

  it('of an answer without LLM have no tokens, without search no time of one', () => {
    const unasked = answerFigures(answerOf({ messages: [], usage: { promptTokens: 0, completionTokens: 0 } }));
    expect(unasked).toMatchObject({ promptTokens: null, answerTokens: null, retries: null });
    const timing = { ...answerOf({}).timing, retrievalMs: 0, embeddingMs: 0 };
    const golden = answerFigures(answerOf({ hits: [], timing, models: { llm: 'm', embedder: null } }));
    expect(golden).toMatchObject({ retrievalMs: null, embeddingMs: null });
  });
});

describe('tokens a second now', () => {
  it('is unknown at first, counts two seconds back, and falls to 0 in a stall', () => {
    const buffer = streamed(...Array.from({ length: 41 }, (_, i) => 1000 + i * 100));
    expect(rateNow(streamed(1000, 1100), 1200)).toBeNull();
    expect(rateNow(buffer, 5000)).toBe(10);
    expect(rateNow(buffer, 6000)).toBe(5);
    expect(rateNow(buffer, 8000)).toBe(0);
  });

  it('is right where more came than is kept', () => {
    // 5,000 a second: two seconds hold five times what is kept.
    const buffer = streamed(...Array.from({ length: 15_000 }, (_, i) => i / 5));
    expect(rateNow(buffer, 14_999 / 5)).toBeCloseTo(5000, 6);
  });
});

describe('the best of several columns', () => {
  const of = (firstTokenMs: number | null): ColumnFigures => ({ ...NOTHING, firstTokenMs });
  const shown = (value: number) => value.toFixed(0);
  it('is the lowest time, of those that have one', () => {
    expect([...bestOf([of(30), null, of(20), of(null)], 'firstTokenMs', shown)]).toEqual([2]);
  });
  it('is several where they read the same, and none where all do', () => {
    expect([...bestOf([of(20.2), of(19.8), of(30)], 'firstTokenMs', shown)]).toEqual([0, 1]);
    expect([...bestOf([of(20.2), of(19.8)], 'firstTokenMs', shown)]).toEqual([]);
    expect([...bestOf([of(20), null], 'firstTokenMs', shown)]).toEqual([]);
  });
  it('is the highest rate', () => {
    expect([
      ...bestOf(
        [
          { ...NOTHING, rate: 3 },
          { ...NOTHING, rate: 9 },
        ],
        'rate',
        shown,
      ),
    ]).toEqual([1]);
  });
});

describe('rows of numbers', () => {
  it('tell a column in a few rows, what is missing as a dash', () => {
    const lines = textOf(
      columnMetricLines(answerFigures(answerOf({ cost: { amount: 0.00123, currency: 'CNY' }, retries: 2 })), 60),
    );
    expect(lines).toEqual([
      ' first 120 ms · mean 31.2 tok/s · █▅▅ · gaps 31 ms/45 ms',
      ' 812+134 tok · search 1.2 ms · embed 23 ms · total 5.21 s',
      ' 0.00123 CNY · 2 retries',
    ]);
    const waiting = columnMetricLines(columnFigures(running({ promptTokens: 812, phase: 'prompting' }), 900), 36);
    expect(textOf(waiting)).toEqual([' first – · mean – tok/s · gaps –/–', ' 812+– tok · total 800 ms']);
  });

  it.each([38, 50, 80, 120])('fit in %i cells, in both languages', (width) => {
    for (const language of ['en', 'zh'] as const) {
      setLanguage(language);
      const figures = answerFigures(answerOf({ cost: { amount: 12.5, currency: 'USD' }, retries: 12 }));
      const columns = ['hybrid', 'a-very-long-name-of-a-column', '混合检索', 'd', 'e', 'f'].map((name) => ({
        name,
        figures,
      }));
      const lines = [
        ...columnMetricLines(figures, width),
        ...metricTable(columns, width, { marks: true }),
        ...metricTable(columns, width, { marks: true, dense: true }),
      ];
      for (const line of lines)
        expect([lineText(line), textWidth(lineText(line)) <= width]).toEqual([lineText(line), true]);
    }
  });

  it('stand below each other, the best one marked when all have ended', () => {
    const slow = answerFigures(
      answerOf({ timing: { ...answerOf({}).timing, firstTokenMs: 900, tokensPerSecond: 12 } }),
    );
    const columns = [
      { name: 'hybrid', figures: answerFigures(answerOf({})) },
      { name: 'bm25', figures: { ...slow, embeddingMs: null } },
      { name: 'waits', figures: null },
    ];
    const rows = textOf(metricTable(columns, 80, { marks: true })).map((row) => row.trim().split(/\s{2,}/));
    expect(rows[0]).toEqual(['1 hybrid', '2 bm25', '3 waits']);
    expect(rows).toContainEqual(['first token', '★120 ms', '900 ms', '–']);
    expect(rows).toContainEqual(['tokens/s mean', '★31.2', '12.0', '–']);
    expect(rows).toContainEqual(['embedding', '23 ms', '–', '–']);
    expect(rows).toContainEqual(['answer tokens', '134', '134', '–']);
    // Nobody streams, nobody pays, nothing was asked twice.
    expect(rows.map(([label]) => label)).not.toContain('tokens/s now');
    expect(rows.map(([label]) => label)).not.toContain('cost');
    expect(rows.map(([label]) => label)).not.toContain('retries');
    expect(textOf(metricTable(columns, 80, { marks: false })).join()).not.toContain('★');
  });

  it('go on below where six columns are too many', () => {
    const columns = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ name, figures: null }));
    const heads = textOf(metricTable(columns, 60, { marks: true })).filter((row) => /\d [a-f]/.test(row));
    expect(heads.map((row) => row.trim().split(/\s{2,}/))).toEqual([
      ['1 a', '2 b', '3 c'],
      ['4 d', '5 e', '6 f'],
    ]);
  });

  it('tell a cost however small', () => {
    expect(costText({ amount: 0, currency: 'USD' })).toBe('0.00 USD');
    expect(costText({ amount: 12.3456, currency: 'USD' })).toBe('12.35 USD');
    expect(costText({ amount: 0.000012345, currency: 'CNY' })).toBe('0.0000123 CNY');
  });
});

describe('servers and machine', () => {
  const server: ServerSample = {
    url: 'http://127.0.0.1:8000/v1',
    names: ['base', 'tune'],
    engine: 'vllm',
    state: 'ok',
    figures: {
      running: 2,
      waiting: 0,
      kvCache: 0.123,
      prefixHits: null,
      promptRate: 1234.5,
      generationRate: 61.25,
      firstTokenMs: { p50: 110, p95: 420 },
      gapMs: null,
      preemptions: null,
      lora: null,
    },
    restarted: false,
    processes: { processes: 3, memory: 2.1e9, cores: 1.5 },
    gpuMemory: null,
    job: null,
    answeredAt: 1,
    watchedAt: 1,
    facts: null,
  };
  const sample = (over: Partial<TelemetrySample>): TelemetrySample => ({
    type: 'sample',
    at: 1,
    machine: { cpu: 0.67, cores: 2, load: 1.25, memoryTotal: 16e9, memoryAvailable: 4e9 },
    gpus: { state: 'none' },
    servers: [server],
    processes: [],
    ...over,
  });
  const history = { generation: new Map([[server.url, [0, 30, 61.25]]]), cpu: [0.2, 0.67] };

  it('say what is known and dash what is not', () => {
    const text = textOf(serverLines(sample({}), history, 200)).join('\n');
    expect(text).toBe(
      ' base tune · vllm · running 2 · waiting 0 · KV cache 12% · prefix hits – · prompt 1.2k tok/s · answers 61.3 tok/s · ▁▄█ · first 110 ms/420 ms · gaps –/– · 2.1 GB, 1.5 cores',
    );
    expect(textOf(machineLines(sample({}), history, 200))).toEqual([
      ' This machine · CPU 67% of 2 cores · ▂▆ · load 1.25 · memory 12.0 GB of 16.0 GB · no GPU',
    ]);
  });

  it('say why there are no numbers', () => {
    const silent = { ...server, state: 'silent' as const, figures: null, processes: null, restarted: true };
    expect(textOf(serverLines(sample({ servers: [silent] }), history, 200))).toEqual([
      ' base tune · vllm · tells no metrics · restarted',
    ]);
    expect(textOf(serverLines(sample({ servers: [] }), history, 80))).toEqual([' no LLM behind these columns']);
  });

  it('show each GPU in a row, or why there is none', () => {
    const card = { index: 0, uuid: 'GPU-1', name: 'NVIDIA A100', busy: 0.87, memoryUsed: 60e9, memoryTotal: 80e9 };
    const gpus = [
      { ...card, temperature: 64, power: 287.3, powerLimit: 400 },
      {
        ...card,
        index: 1,
        busy: null,
        memoryUsed: null,
        memoryTotal: null,
        temperature: null,
        power: null,
        powerLimit: null,
      },
    ];
    const rows = textOf(machineLines(sample({ gpus: { state: 'ok', gpus, processes: [] } }), history, 200));
    expect(rows.slice(1)).toEqual([
      ' GPU 0 NVIDIA A100 · busy 87% · ████▌ ▕ · 60.0 GB of 80.0 GB · 64 °C · 287/400 W',
      ' GPU 1 NVIDIA A100 · busy – · – of –',
    ]);
    const broken = machineLines(sample({ gpus: { state: 'failed', reason: 'driver\u001b[2J asleep' } }), history, 200);
    expect(lineText(broken[0] ?? '')).toContain('GPU: driver asleep');
    const unknown = machineLines(sample({ gpus: { state: 'unknown' } }), history, 200);
    expect(lineText(unknown[0] ?? '')).not.toContain('GPU');
  });
});
