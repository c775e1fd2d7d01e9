import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { packageRoot } from '../../src/platform/entry.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { type AppHome, answerPieces, COLUMNS, KB, makeAppHome, ROWS } from './app-home.ts';
import { cpuSeconds, memoryOf } from './machine.ts';
import { APP, type Recording, record } from './recorder.ts';
import { interleave, pairedRatio, quantile, spread } from './stats.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';

/** Home says what there is: nothing more is loading. */
const USEFUL = `${KB} 10 documents`;

export const start: Benchmark = {
  name: 'start',
  about: 'from the command to a useful screen; what the program costs when nothing happens, and how late its loop is',
  async run(context) {
    const home = await makeAppHome(context);
    return [
      ...(await startRows(context, home)),
      ...(await idleRows(context, home)),
      ...(await loopRows(context, home)),
    ];
  },
};

const open = ({ env }: AppHome, more: Readonly<Record<string, string>> = {}): Recording =>
  record({ script: APP, columns: COLUMNS, rows: ROWS, env: { ...env, ...more } });

async function startRows({ quick, log }: BenchContext, home: AppHome): Promise<BenchRow[]> {
  log('starting it some times');
  const firstFrames: number[] = [];
  const launch = async () => {
    const app = open(home);
    try {
      firstFrames.push((await app.seen((screen) => screen.some((row) => row.includes('╭')))) - app.startedAt);
      return (await app.seen(USEFUL)) - app.startedAt;
    } finally {
      await app.kill();
    }
  };
  const times = await interleave(
    {
      node: async () => runNode(['-e', '0']),
      ink: async () => runNode(['--input-type=module', '-e', "await import('ink')"]),
      version: async () => runNode([APP, '--version']),
      warm: launch,
      cold: async () => {
        await home.workspace.killService();
        return launch();
      },
    },
    quick ? 2 : 7,
  );
  const node = spread(times.node).median;
  const ink = spread(times.ink).median;
  const first = spread(firstFrames);
  const row = (measure: string, values: readonly number[], note: string): BenchRow => {
    const { median, min, max } = spread(values);
    return {
      measure,
      value: median / 1000,
      unit: 's',
      min: min / 1000,
      max: max / 1000,
      ratio: pairedRatio(values, times.ink),
      budget: { most: 1.5 },
      note,
    };
  };
  return [
    {
      measure: 'first frame',
      value: first.median / 1000,
      unit: 's',
      min: first.min / 1000,
      max: first.max / 1000,
      ratio: first.median / ink,
      budget: { most: 1.5 },
      note: `ratio: to import('ink') alone, ${ink.toFixed(0)} ms; node -e 0 takes ${node.toFixed(0)} ms`,
    },
    row('useful frame', times.warm, 'knowledge bases, models and jobs listed; kb service running, files cached'),
    row('useful frame, kb service started too', times.cold, 'files cached'),
    {
      measure: 'ragtui --version',
      value: spread(times.version).median / 1000,
      unit: 's',
      ratio: pairedRatio(times.version, times.node),
      note: 'ratio: to node -e 0',
    },
  ];
}

/** Milliseconds of a whole run of node. */
function runNode(args: readonly string[]): number {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, args, { cwd: packageRoot(), stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} failed`);
  return performance.now() - started;
}

async function idleRows({ quick, log }: BenchContext, home: AppHome): Promise<BenchRow[]> {
  const seconds = quick ? 3 : 10;
  log(`watching it do nothing for ${seconds} s`);
  const app = open(home);
  try {
    await app.seen(USEFUL);
    await delay(3000);
    app.resetCounts();
    const before = cpuSeconds(app.pid);
    await delay(seconds * 1000);
    const used = cpuSeconds(app.pid) - before;
    const memory = memoryOf(app.pid);
    return [
      {
        measure: 'idle processor',
        value: (100 * used) / seconds,
        unit: '% of a core',
        budget: { most: 1 },
        note: `home screen, ${seconds} s, ${app.counts().paints.length} paints`,
      },
      {
        measure: 'memory of the UI, idle',
        value: memory.now,
        unit: 'MB',
        budget: { most: 250 },
        note: `at most ${Math.round(memory.peak)} MB since its start`,
      },
    ];
  } finally {
    await app.kill();
  }
}

const delaysSchema = z.array(z.number());

async function loopRows({ quick, log, scratch }: BenchContext, home: AppHome): Promise<BenchRow[]> {
  const seconds = quick ? 4 : 20;
  log(`watching its event loop for ${seconds} s of an answer`);
  const file = path.join(scratch, 'delays.json');
  const preload = pathToFileURL(path.join(packageRoot(), 'dist', 'bench', 'watch-loop.js')).href;
  const app = open(home, { NODE_OPTIONS: `--import=${preload}`, RAGTUI_BENCH_LOOP: file });
  const delays = async (): Promise<number[]> => {
    rmSync(file, { force: true });
    process.kill(app.pid, 'SIGUSR2');
    await waitUntil(() => existsSync(file) && readFileSync(file, 'utf8').endsWith(']'), 5000, 5);
    return delaysSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  };
  try {
    await app.seen(USEFUL);
    app.press('3');
    await app.seen('❯ ');
    app.type('When?');
    await app.seen('❯ When?');
    app.press('enter');
    await app.seen(new RegExp(`│\\s?${(answerPieces()[0] ?? '').trim()} `));
    await delays();
    await delay(seconds * 1000);
    const streaming = await delays();
    return [
      {
        measure: 'event-loop delay while an answer streams, p99',
        value: quantile(streaming, 0.99),
        unit: 'ms',
        budget: { most: 50 },
        note: `p50 ${quantile(streaming, 0.5).toFixed(1)} ms, worst ${Math.max(...streaming).toFixed(0)} ms of ${streaming.length} samples; one stream (two come with Compare)`,
      },
      {
        measure: 'memory of the UI after it',
        value: memoryOf(app.pid).now,
        unit: 'MB',
        budget: { most: 250 },
      },
    ];
  } finally {
    await app.kill();
  }
}
