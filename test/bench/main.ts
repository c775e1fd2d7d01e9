// npm run bench [-- --help]: measures, prints tables, writes bench-results/TIME.json.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { packageRoot } from '../../src/platform/entry.ts';
import { RagtuiError, toRagtuiError } from '../../src/platform/errors.ts';
import { benchmarks, besidePeers, bySize } from './benchmarks.ts';
import { describeMachine, isBusy, load } from './machine.ts';
import { machineLine, type Outcome, type Report, table, verdict } from './report.ts';
import type { Benchmark } from './types.ts';

const HELP = `npm run bench -- [options]

  --only NAME,NAME  these benchmarks alone
  --peers           beside other programs (some of them are installed first)
  --quick           fewer repetitions: to see that it runs
  --chunks N        how many a benchmark of size makes (big-ingest)
  --list            the benchmarks there are
  --help            this text

Data sets of others are looked for in RAGTUI_BENCH_DATA. Results are also written to bench-results/TIME.json.`;

const all = [...new Set([...benchmarks, ...besidePeers, ...bySize])];
process.exitCode = await started();

/** What the options ask for; a wrong one is said in a line. */
async function started(): Promise<number> {
  try {
    const { only, peers, quick, list, help, chunks } = options();
    if (help) console.log(HELP);
    else if (list) for (const { name, about } of all) console.log(`${name.padEnd(17)}${about}`);
    else return await main(chosen(only, peers), quick, chunks);
    return 0;
  } catch (error) {
    if (!(error instanceof RagtuiError)) throw error;
    console.error(`${error.message}\nThe options: npm run bench -- --help`);
    return 2;
  }
}

function options() {
  const yes = { type: 'boolean', default: false } as const;
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        chunks: { type: 'string' },
        peers: yes,
        quick: yes,
        list: yes,
        help: { ...yes, short: 'h' },
      },
    });
    return { ...values, chunks: z.coerce.number().int().positive().optional().parse(values.chunks) };
  } catch (error) {
    throw new RagtuiError('usage', toRagtuiError(error).message);
  }
}

function chosen(only: string | undefined, peers: boolean): readonly Benchmark[] {
  if (only === undefined) return peers ? besidePeers : benchmarks;
  return only.split(',').map((name) => {
    const found = all.find((benchmark) => benchmark.name === name.trim());
    if (found) return found;
    throw new RagtuiError('usage', `There is no benchmark "${name}". There are: ${all.map((b) => b.name).join(', ')}.`);
  });
}

async function main(list: readonly Benchmark[], quick: boolean, chunks: number | undefined): Promise<number> {
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
    const outcome = await runOne(benchmark, quick, chunks);
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

async function runOne({ name, about, run }: Benchmark, quick: boolean, chunks: number | undefined): Promise<Outcome> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), `ragtui-bench-${name}-`));
  const cleaners: (() => void | Promise<void>)[] = [];
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    const rows = await run({
      quick,
      chunks,
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
