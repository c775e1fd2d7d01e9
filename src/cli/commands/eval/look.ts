import path from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { FORMAT_NAMES } from '../../../evaluation/reports/names.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { diffLines, reportLines, runRow } from '../../eval-text.ts';
import { table } from '../../output.ts';
import { none, noOptions, one, RUN } from './arguments.ts';

const reportOptions = z.object({
  format: z.enum(FORMAT_NAMES, FORMAT_NAMES.join(', ')),
  out: z.string().min(1).optional(),
});
type ReportOptions = z.output<typeof reportOptions>;

/** `ragtui eval list|show|diff|report`: looking at runs. */
export function addEvalLook(evaluation: Command, invocation: Invocation): void {
  handle(evaluation.command('list').description('all runs'), invocation, { args: none, options: noOptions }, list);
  handle(
    evaluation.command('show').description('the figures of a run').argument('<run>', RUN),
    invocation,
    { args: one, options: noOptions },
    showRun,
  );
  handle(
    evaluation
      .command('diff')
      .description('the second against the first, question by question')
      .argument('<a>', 'a column of --run, a run (its first column), or RUN/COLUMN')
      .argument('<b>')
      .option('--run <run>', 'where columns are looked for (default: latest)'),
    invocation,
    { args: z.tuple([z.string().min(1), z.string().min(1)]), options: z.object({ run: z.string().default('latest') }) },
    diff,
  );
  handle(
    evaluation
      .command('report')
      .description('a run as a document')
      .argument('<run>', RUN)
      .option('--format <format>', 'md, html, json (figures), csv, jsonl (every item), junit or tutorial', 'md')
      .option('--out <file>', 'write it there instead of printing it'),
    invocation,
    { args: one, options: reportOptions },
    report,
  );
}

async function list({ out, paths }: CommandContext): Promise<undefined> {
  const { listRuns } = await import('../../../evaluation/runs.ts');
  const runs = listRuns(paths);
  const json = runs.map(({ view, evaluation }) => ({
    id: view.spec.id,
    state: view.state,
    createdAt: view.spec.createdAt,
    progress: view.progress,
    evaluation,
  }));
  out.result({ runs: json }, () =>
    runs.length === 0
      ? 'No evaluation yet. Start one: ragtui eval run --help'
      : table(['RUN', 'STATE', 'DATASET', 'COLUMNS', 'DONE'], runs.map(runRow)),
  );
}

/** The figures of a run. */
export async function showRun(context: CommandContext, [id]: [string]): Promise<undefined> {
  const { reportOfRun } = await import('../../../evaluation/run-report.ts');
  const { report: figures } = await reportOfRun(context.paths, id);
  context.out.result(figures, () => reportLines(figures));
}

async function diff(context: CommandContext, names: [string, string], options: { run: string }): Promise<undefined> {
  const { compareColumns } = await import('../../../evaluation/diff.ts');
  const found = compareColumns(context.paths, names, options.run);
  context.out.result(found, () => diffLines(found));
}

async function report({ out, paths }: CommandContext, [id]: [string], options: ReportOptions): Promise<undefined> {
  const { reportOfRun } = await import('../../../evaluation/run-report.ts');
  const { REPORT_FORMATS } = await import('../../../evaluation/reports/registry.ts');
  const { run, report: figures } = await reportOfRun(paths, id);
  const { format } = options;
  const text = REPORT_FORMATS[format].write(figures, run.items);
  if (options.out !== undefined) {
    const { writeTextAtomic } = await import('../../../platform/files.ts');
    const file = path.resolve(options.out);
    writeTextAtomic(file, text);
    out.result({ file, format }, () => `The report is in ${file}`);
    return;
  }
  if (out.json) {
    out.result(format === 'csv' || format === 'jsonl' ? { items: run.items } : figures, () => text);
    return;
  }
  // What programs read goes out as it is; a text for people is sanitised.
  if (format === 'md' || format === 'csv') out.result(figures, () => text.trimEnd());
  else out.stdout.write(text);
}
