import { afterEach, expect, it } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { MetricsPane, type ShownComparison } from '../../src/screens/compare/MetricsPane.tsx';
import type { TelemetrySample } from '../../src/serving/metrics-types.ts';
import { setLanguage } from '../../src/ui/i18n/index.ts';
import { textWidth } from '../../src/ui/text.ts';
import { createTelemetryStore } from '../../stores/telemetry.ts';
import { fakeTelemetry } from '../store/telemetry-fakes.ts';
import { type Canvas, draw } from '../support/window.tsx';
import { answerOf, columnOf, endedColumn, runOf, slotOf } from './compare-metrics-samples.ts';

let canvas: Canvas | undefined;
afterEach(() => {
  canvas?.unmount();
  canvas = undefined;
  setLanguage('en');
});

const SAMPLE: TelemetrySample = {
  type: 'sample',
  at: 1,
  machine: { cpu: 0.67, cores: 2, load: 1.25, memoryTotal: 16e9, memoryAvailable: 4e9 },
  gpus: { state: 'none' },
  processes: [],
  servers: [
    {
      url: 'http://127.0.0.1:8000/v1',
      names: ['m'],
      engine: 'vllm',
      state: 'ok',
      figures: {
        running: 2,
        waiting: 0,
        kvCache: 0.12,
        prefixHits: 0.4,
        promptRate: 120,
        generationRate: 61,
        firstTokenMs: { p50: 110, p95: 420 },
        gapMs: { p50: 30, p95: 60 },
        preemptions: null,
        lora: null,
      },
      restarted: false,
      processes: { processes: 2, memory: 2.1e9, cores: 1.5 },
      gpuMemory: null,
      job: null,
      answeredAt: 1,
      watchedAt: 1,
      facts: null,
    },
  ],
};

function open(columns: number, rows: number, run: ShownComparison['run'], names = ['hybrid', 'bm25']) {
  const { port, workers } = fakeTelemetry();
  const telemetry = createTelemetryStore({ telemetry: port, schedule: (publish) => publish() });
  const slots = names.map((name, id) => slotOf(id, name));
  const compare = createStore<ShownComparison>()(() => ({ run, slots }));
  const rect = { x: 0, y: 0, width: columns, height: rows };
  canvas = draw(<MetricsPane context={{ compare, telemetry }} rect={rect} focused={false} />, columns, rows);
  return { canvas, compare, telemetry, workers };
}

const ENDED = runOf(
  [
    endedColumn('hybrid', answerOf({})),
    endedColumn('bm25', answerOf({ timing: { ...answerOf({}).timing, firstTokenMs: 240, tokensPerSecond: 12 } })),
  ],
  'together',
);

it('looks at the servers of the columns while it is open: each second while they are asked, then it ends', async () => {
  const { canvas: drawn, compare, workers } = open(80, 24, null);
  await drawn.settled();
  expect(drawn.text()).toContain('Ask a question');
  expect(workers[0]?.asked).toEqual([{ type: 'watch', llms: ['m'], pids: [], everyMs: 0 }]);
  compare.setState({ run: { ...runOf([columnOf('hybrid'), columnOf('bm25')], 'rotate'), underWay: true } });
  await drawn.settled();
  compare.setState({ run: ENDED });
  await drawn.settled();
  expect(workers[0]?.asked.map(({ everyMs }) => everyMs)).toEqual([0, 1000, 0]);
  drawn.unmount();
  expect(workers[0]?.stopped).toBe(true);
  expect(workers).toHaveLength(1);
});

it.each([
  [38, 24],
  [78, 16],
  [80, 24],
  [120, 16],
  [200, 16],
])('keeps its borders at %i×%i in both languages, with six columns too', async (width, height) => {
  for (const language of ['en', 'zh'] as const) {
    setLanguage(language);
    for (const names of [
      ['hybrid', 'bm25'],
      ['a', 'b', '混合检索', 'a-very-long-name-of-a-column', 'e', 'f'],
    ]) {
      const run = runOf(
        names.map((name) => endedColumn(name, answerOf({}))),
        'rotate',
      );
      const { canvas: drawn, workers } = open(width, height, run, names);
      await drawn.settled();
      workers[0]?.say(SAMPLE);
      await drawn.settled();
      for (const row of drawn.rows()) expect([row, textWidth(row)]).toEqual([row, width]);
      expect(drawn.rows()).toHaveLength(height);
      drawn.unmount();
    }
  }
});

it('has all of two columns, server and machine on a small screen', async () => {
  const { canvas: drawn, workers } = open(80, 16, ENDED);
  workers[0]?.say(SAMPLE);
  await drawn.settled();
  workers[0]?.say(SAMPLE);
  await drawn.settled();
  const text = drawn.text();
  expect(text).toMatch(/first token +★120 ms +240 ms/);
  expect(text).toContain('together: latencies affect each other');
  for (const part of ['total', 'KV cache 12%', 'prefix hits 40%', 'gaps 30 ms/60 ms', 'no GPU', '31/45 ms']) {
    expect(text).toContain(part);
  }
  expect(text).not.toContain('more rows');
});

it('puts servers beside the table where there is room, and says what the signs mean', async () => {
  const { canvas: drawn, workers } = open(200, 16, ENDED);
  await drawn.settled();
  workers[0]?.say(SAMPLE);
  await drawn.settled();
  expect(drawn.rows()[1]).toMatch(/1 hybrid.*2 bm25.*│ m · vllm · running 2/);
  expect(drawn.text()).toContain('★ best');
});

it('says when the process that looks has died for good', async () => {
  const { canvas: drawn, workers } = open(80, 24, ENDED);
  await drawn.settled();
  for (let death = 0; death < 4; death++) workers.at(-1)?.die();
  await drawn.settled();
  expect(drawn.text()).toContain('The telemetry process died (killed by a test)');
});
