import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { table } from '../../output.ts';

/** `ragtui eval metrics`. */
export function addEvalMetrics(evaluation: Command, invocation: Invocation): void {
  handle(
    evaluation
      .command('metrics')
      .description('all metrics: what they measure, which way is better, what they cannot see; own ones too'),
    invocation,
    { args: z.tuple([]), options: z.object({}) },
    metrics,
  );
}

async function metrics({ out, paths }: CommandContext): Promise<undefined> {
  const { LISTED } = await import('../../../evaluation/metrics/registry.ts');
  const { describeOwnMetrics } = await import('../../../evaluation/own-metrics/describe.ts');
  const { ownMetricsFolder } = await import('../../../evaluation/own-metrics/folder.ts');
  const { describedMetric } = await import('../../../evaluation/own-metrics/types.ts');
  const { POINTS } = await import('../../../evaluation/units.ts');
  const own = await describeOwnMetrics(paths);
  const all = [
    ...LISTED.map((metric) => ({ metric, source: 'built-in' })),
    ...own.metrics.map((one) => ({ metric: describedMetric(one), source: one.file })),
  ];
  const json = all.map(
    ({ metric: { name, kind, range, unit = POINTS, direction, binary, blindTo, version }, source }) => ({
      name,
      kind,
      // What has no bound is null.
      range: range.map((end) => (Number.isFinite(end) ? end : null)),
      unit,
      direction,
      binary,
      blindTo,
      version,
      source,
    }),
  );
  const ends = (range: readonly (number | null)[]) => range.map((end) => end ?? '∞').join('–');
  out.result({ metrics: json, problems: own.problems, folder: ownMetricsFolder(paths) }, () => [
    ...table(
      ['METRIC', 'KIND', 'RANGE', 'UNIT', 'BETTER', 'BLIND TO', 'FROM'],
      json.map(({ name, kind, range, unit, direction, blindTo, source }) => [
        name,
        kind,
        ends(range),
        unit,
        direction,
        blindTo,
        source,
      ]),
    ),
    ...own.problems.map(({ message }) => `! ${message}`),
    '',
    `Own metrics: one file each in ${ownMetricsFolder(paths)}`,
  ]);
}
