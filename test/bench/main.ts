// npm run bench [-- --peers] [--only NAME,NAME] [--quick]: measures, prints tables, writes bench-results/TIME.json.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../src/platform/entry.ts';
import { toRagtuiError } from '../../src/platform/errors.ts';
import { benchmarks, besidePeers } from './benchmarks.ts';
import { describeMachine, isBusy, load } from './machine.ts';
import { machineLine, type Outcome, type Report, table, verdict } from './report.ts';
import type { Benchmark } from './types.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    peers: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    list: { type: 'boolean' },
  },
});
const all = [...new Set([...benchmarks, ...besidePeers])];
if (values.list) for (const { name, about } of all) console.log(`${name.padEnd(17)}${about}`);
else process.exitCode = await main(chosen(values.only, values.peers), values.quick);

function chosen(only: string | undefined, peers: boolean): readonly Benchmark[] {
  if (only === undefined) return peers ? besidePeers : benchmarks;
  return only.split(',').map((name) => {
    const found = all.find((benchmark) => benchmark.name === name.trim());
    if (!found) throw new Error(`There is no benchmark "${name}". There are: ${all.map((b) => b.name).join(', ')}.`);
    return found;
  });
}

async function main(list: readonly Benchmark[], quick: boolean): Promise<number> {
  const before = load();
  if (isBusy()) {
    console.log(
      `Warning: other programs keep this machine busy (load ${before.toFixed(2)}). Only the ratios mean anything.\n`,
    );
  }
  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  const outcomes: Outcome[] = [];
  for (const benchmark of list) {
    console.log(`== ${benchmark.name}: ${benchmark.about}`);
    const outcome = await runOne(benchmark, quick);
    console.log(`${table(outcome.rows)}${outcome.error ? `\nFAILED: ${outcome.error}` : ''}\n`);
    outcomes.push(outcome);
  }
  const report: Report = { startedAt, machine, quick, load: { before, after: load() }, benchmarks: outcomes };
  const file = save(report);
  console.log(machineLine(report));
  for (const { name, rows } of outcomes) {
    for (const row of rows) if (verdict(row) === 'MISSED') console.log(`MISSED: ${name}, ${row.measure}`);
  }
  console.log(`Results: ${path.relative(process.cwd(), file)}`);
  return outcomes.some((outcome) => outcome.error) ? 1 : 0;
}

async function runOne({ name, about, run }: Benchmark, quick: boolean): Promise<Outcome> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), `ragtui-bench-${name}-`));
  const cleaners: (() => void | Promise<void>)[] = [];
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    const rows = await run({
      quick,
      scratch,
      data: dataFolder(),
      log: (text) => process.stderr.write(`   ${text}\n`),
      defer: (clean) => cleaners.unshift(clean),
    });
    return { name, about, seconds: seconds(), rows };
  } catch (error) {
    if (process.env['RAGTUI_DEBUG']) console.error(error);
    return { name, about, seconds: seconds(), rows: [], error: toRagtuiError(error).message };
  } finally {
    for (const clean of cleaners) await clean();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The public data sets, kept outside the repository for their licences. */
function dataFolder(): string | undefined {
  const folder = process.env['RAGTUI_BENCH_DATA'] ?? path.join(packageRoot(), '..', 'shared', 'data');
  return existsSync(folder) ? folder : undefined;
}

function save(report: Report): string {
  const folder = path.join(packageRoot(), 'bench-results');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${report.startedAt.replaceAll(':', '-')}.json`);
  const judged = report.benchmarks.map((outcome) => ({
    ...outcome,
    rows: outcome.rows.map((row) => ({ ...row, verdict: verdict(row) })),
  }));
  writeFileSync(file, `${JSON.stringify({ ...report, benchmarks: judged }, null, 2)}\n`);
  return file;
}
