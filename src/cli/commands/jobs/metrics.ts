import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { table } from '../../output.ts';

const args = z.tuple([z.string()]);
const options = z.object({ csv: z.string().optional(), svg: z.string().optional(), png: z.string().optional() });

/** `ragtui jobs metrics ID`: the curves of a training. */
export function addJobsMetrics(jobs: Command, invocation: Invocation): void {
  handle(
    jobs
      .command('metrics')
      .description('the curves of a training: loss, held-out numbers, learning rate, gradient by step')
      .argument('<id>')
      .option('--csv <file>', 'write all of them, a row a step; empty where nothing was told')
      .option('--svg <file>', 'draw them')
      .option('--png <file>', 'draw them'),
    invocation,
    { args, options },
    metrics,
  );
}

/** Without --json: the last of each number, with the step it was told at. */
async function metrics(
  { out, paths }: CommandContext,
  [id]: [string],
  wanted: z.output<typeof options>,
): Promise<undefined> {
  const { readCurves } = await import('../../../training/read-curves.ts');
  const { curveRows, bestCheckpoint, smoothed } = await import('../../../training/curves.ts');
  const { CURVE_FORMATS, curvesFile } = await import('../../../training/export-curves.ts');
  const run = await readCurves(paths, id);
  const { curves } = run;
  const files = CURVE_FORMATS.flatMap((format) => {
    const file = wanted[format];
    if (file === undefined) return [];
    writeFileSync(file, curvesFile(format, [run]));
    return [file];
  });
  const loss = curves.series.get('loss');
  const metrics = {
    name: run.name,
    rows: curveRows(curves).map(({ step, values }) => ({ step, ...values })),
    resumed: curves.resumed,
    checkpoints: [...curves.checkpoints.values()],
    best: bestCheckpoint(curves)?.checkpoint.step ?? null,
    smoothedLoss: loss ? (smoothed(loss).at(-1)?.value ?? null) : null,
    files,
  };
  out.result({ metrics }, () => [
    ...(curves.series.size === 0
      ? ['No step was reported yet.']
      : table(
          ['METRIC', 'LAST', 'STEP', 'VALUES'],
          [...curves.series].flatMap(([name, points]) => {
            const last = points.at(-1);
            return last
              ? [[name, String(Number(last.value.toPrecision(5))), String(last.step), String(points.length)]]
              : [];
          }),
        )),
    ...(curves.resumed.length > 0 ? [`Went on from step ${curves.resumed.join(', ')}.`] : []),
    ...files.map((file) => `Wrote ${file}.`),
  ]);
}
