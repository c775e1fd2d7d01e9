import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { packageRoot } from '../../src/platform/entry.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { type Bench, ITEMS, launched, startBench, succeeded } from './eval-runs.ts';
import { memoryOf } from './machine.ts';
import { APP, type Recording, record } from './recorder.ts';
import { median, quantile, seeded } from './stats.ts';
import type { Benchmark, BenchRow } from './types.ts';

const SCREEN = { columns: 120, rows: 40 };
/** Twenty answers a second: a good server. */
const LATENCY_MS = 200;
const AT_ONCE = 4;
/** Between two keys, ms: a quick typist, at no fixed phase of the paints. */
const GAP = { from: 90, to: 260 };

export const evaluationScreen: Benchmark = {
  name: 'eval-screen',
  about: `the Evaluate screen in a pseudo-terminal of ${SCREEN.columns}×${SCREEN.rows} while a run of ${ITEMS} questions goes on`,
  async run(context) {
    const bench = await startBench(context);
    const items = context.quick ? 200 : ITEMS;
    const config = path.join(context.scratch, 'config');
    mkdirSync(config);
    // Not a first start.
    writeFileSync(path.join(config, 'config.toml'), '[defaults]\nllm = "known"\n');
    const file = path.join(context.scratch, 'delays.json');
    const preload = pathToFileURL(path.join(packageRoot(), 'dist', 'bench', 'watch-loop.js')).href;
    const { home, models } = bench.workspace.paths;
    const watched = { NODE_OPTIONS: `--import=${preload}`, RAGTUI_BENCH_LOOP: file };
    const app = record({
      ...SCREEN,
      script: APP,
      env: { RAGTUI_HOME: home, RAGTUI_CONFIG_HOME: config, RAGTUI_MODELS_CACHE: models, ...watched },
    });
    try {
      return await watch(bench, app, items, file);
    } finally {
      await app.kill();
    }
  },
};

async function watch(bench: Bench, app: Recording, items: number, delays: string): Promise<BenchRow[]> {
  await app.seen('0 Evaluate');
  app.press('0');
  await app.seen(/Runs/);
  await delay(2000);
  const before = memoryOf(app.pid).now;
  bench.server.begin(LATENCY_MS);
  const { job } = await launched(bench.workspace, AT_ONCE, items);
  await app.seen(/ [1-9]\d*\/\d+ /);
  app.press('/');
  await app.seen(/Filter:/);
  let over = false;
  const end = succeeded(bench.workspace, job.spec.id).finally(() => {
    over = true;
  });
  await loopDelays(app, delays);
  app.resetCounts();
  const [keys, memory]: [number[], number[]] = [[], []];
  const gap = seeded(5);
  const began = performance.now();
  for (let key = 0; !over; key += 1) {
    await delay(GAP.from + gap() * (GAP.to - GAP.from));
    const down = key % 2 === 0;
    const pressed = performance.now();
    app.press(down ? 'k' : 'backspace');
    keys.push((await app.seen((screen) => screen.some((row) => row.includes('filter: k')) === down)) - pressed);
    memory.push(memoryOf(app.pid).now);
  }
  const seconds = (performance.now() - began) / 1000;
  await end;
  const late = await loopDelays(app, delays);
  const { paints, clears } = app.counts();
  const third = Math.floor(memory.length / 3);
  const [second, last] = [median(memory.slice(third, 2 * third)), median(memory.slice(-third))];
  return [
    {
      measure: 'key to bytes, p95',
      value: quantile(keys, 0.95),
      unit: 'ms',
      budget: { most: 120 },
      note: `p50 ${quantile(keys, 0.5).toFixed(1)} ms, ${keys.length} keys in ${seconds.toFixed(0)} s, ${AT_ONCE} at once of ${LATENCY_MS} ms`,
    },
    {
      measure: 'event-loop delay, p99',
      value: quantile(late, 0.99),
      unit: 'ms',
      budget: { most: 50 },
      note: `p50 ${quantile(late, 0.5).toFixed(1)} ms, worst ${quantile(late, 1).toFixed(0)} ms of ${late.length} samples`,
    },
    {
      measure: 'memory of the UI, most',
      value: quantile(memory, 1),
      unit: 'MB',
      budget: { most: 250 },
      note: `${before.toFixed(0)} before the run`,
    },
    {
      measure: 'memory, last third to second third',
      value: last / second,
      unit: '×',
      budget: { most: 1.1 },
      note: `${second.toFixed(0)} and ${last.toFixed(0)} MB`,
    },
    { measure: 'full clears', value: clears, unit: 'clears', budget: { most: 0 }, note: `${paints.length} paints` },
  ];
}

const delaysSchema = z.array(z.number());

/** How late its loop was since it was asked last. */
async function loopDelays(app: Recording, file: string): Promise<number[]> {
  rmSync(file, { force: true });
  process.kill(app.pid, 'SIGUSR2');
  await waitUntil(() => existsSync(file) && readFileSync(file, 'utf8').endsWith(']'), 5000, 5);
  return delaysSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}
