import { describe, expect, it } from 'vitest';
import type { ServerSample, TelemetrySample } from '../../src/serving/metrics-types.ts';
import { createTelemetryStore, EVERY_MS, HISTORY } from '../../stores/telemetry.ts';
import { fakeTelemetry } from './telemetry-fakes.ts';

const server = (rate: number | null): ServerSample => ({
  url: 'http://127.0.0.1:1/v1',
  names: ['base'],
  engine: 'vllm',
  state: 'ok',
  figures: {
    running: 1,
    waiting: 0,
    kvCache: 0.5,
    prefixHits: null,
    promptRate: null,
    generationRate: rate,
    firstTokenMs: null,
    gapMs: null,
    preemptions: null,
    lora: null,
  },
  restarted: false,
  processes: null,
  gpuMemory: null,
  job: null,
  answeredAt: 1,
  watchedAt: 1,
  facts: null,
});
const sample = (rate: number | null, cpu: number | null = 0.5): TelemetrySample => ({
  type: 'sample',
  at: 1,
  machine: { cpu, cores: 2, load: 1, memoryTotal: 100, memoryAvailable: 40 },
  gpus: { state: 'none' },
  servers: [server(rate)],
  processes: [],
});

const open = () => {
  const { port, workers } = fakeTelemetry();
  const store = createTelemetryStore({ telemetry: port, schedule: (publish) => publish() });
  return { store, workers, state: () => store.getState() };
};

describe('the telemetry store', () => {
  it('starts nothing until a panel is open, and asks each second only while something runs', () => {
    const { workers, state } = open();
    expect(workers).toHaveLength(0);
    state().open(['tune', 'base', 'base', 'none'], false);
    expect(state().state).toBe('starting');
    state().open(['tune', 'base'], true);
    state().open(['tune', 'base'], false);
    expect(workers).toHaveLength(1);
    expect(workers[0]?.asked).toEqual([
      { type: 'watch', llms: ['base', 'tune'], pids: [], everyMs: 0 },
      { type: 'watch', llms: ['base', 'tune'], pids: [], everyMs: EVERY_MS },
      { type: 'watch', llms: ['base', 'tune'], pids: [], everyMs: 0 },
    ]);
  });

  it('keeps the last values to be drawn, what is missing as a gap', () => {
    const { workers, state } = open();
    state().open(['base'], true);
    workers[0]?.say(sample(null));
    for (let rate = 1; rate <= HISTORY + 5; rate++) workers[0]?.say(sample(rate, null));
    expect(state().state).toBe('on');
    const rates = state().history.generation.get('http://127.0.0.1:1/v1') ?? [];
    expect(rates).toHaveLength(HISTORY);
    expect(rates.slice(-2)).toEqual([HISTORY + 4, HISTORY + 5]);
    expect(state().history.cpu.every(Number.isNaN)).toBe(true);
  });

  it('ends its worker with the panel, and hears nothing of it afterwards', () => {
    const { workers, state } = open();
    state().open(['base'], true);
    workers[0]?.say(sample(3));
    state().close();
    expect(workers[0]?.stopped).toBe(true);
    workers[0]?.say(sample(4));
    workers[0]?.die();
    expect(state()).toMatchObject({ state: 'off', sample: null });
    expect(workers).toHaveLength(1);
  });

  it('starts a worker again that died, with the same question, and not for ever', () => {
    const { workers, state } = open();
    state().open(['base'], true);
    for (let death = 0; death < 3; death++) workers.at(-1)?.die();
    expect(workers).toHaveLength(4);
    expect(workers.at(-1)?.asked).toEqual([{ type: 'watch', llms: ['base'], pids: [], everyMs: EVERY_MS }]);
    workers.at(-1)?.die();
    expect(state()).toMatchObject({ state: 'failed', reason: 'killed by a test' });
    state().open(['base'], true);
    expect(workers).toHaveLength(4);
    state().close();
    state().open(['base'], true);
    expect(workers).toHaveLength(5);
    expect(state().state).toBe('starting');
  });
});
