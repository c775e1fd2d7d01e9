import type { Command } from 'commander';
import { z } from 'zod';
import { type Severity, severitySchema } from '../../../datasets/doctor/types.ts';
import type { FixReport } from '../../../datasets/fix.ts';
import type { CommandContext } from '../../context.ts';
import { datasetJson } from '../../dataset-text.ts';
import { collect, handle, type Invocation } from '../../define.ts';
import { name, whole } from './arguments.ts';

const fixOptions = z.object({
  rule: z.array(z.string().min(1)).optional(),
  row: z.array(whole).optional(),
  severity: z.array(z.enum(severitySchema.options, 'error, warning or info')).optional(),
  dryRun: z.boolean().default(false),
});

/** `ragtui dataset fix NAME` and `ragtui dataset undo NAME`. */
export function addFix(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('fix')
      .description('make the fixes of the last check, as a new version')
      .argument('<name>')
      .option(
        '--rule <rule>',
        'of this rule (may be repeated; default: every correction, and rows dropped only for errors)',
        collect,
      )
      .option('--row <n>', 'of this row, from 0 (may be repeated)', collect)
      .option('--severity <severity>', 'error, warning or info (may be repeated)', collect)
      .option('--dry-run', 'say what would change; change nothing'),
    invocation,
    { args: name, options: fixOptions },
    fix,
  );
  handle(
    dataset
      .command('undo')
      .description('make the version before the last fix or edit current again')
      .argument('<name>'),
    invocation,
    { args: name, options: z.object({}) },
    undo,
  );
}

async function fix(
  { out, paths, signal }: CommandContext,
  [which]: [string],
  { rule, row, severity, dryRun }: z.output<typeof fixOptions>,
): Promise<undefined> {
  const { applyFixes } = await import('../../../datasets/fix.ts');
  const { checkDataset, lastFindings } = await import('../../../datasets/doctor/check.ts');
  const { checkRuleNames } = await import('../../../datasets/doctor/registry.ts');
  checkRuleNames(rule ?? []);
  if (!lastFindings(paths, which)) await checkDataset(paths, which, { signal });
  const severities: readonly Severity[] | undefined = severity;
  const report = await applyFixes(paths, which, {
    filter: {
      ...(rule === undefined ? {} : { rules: rule }),
      ...(row === undefined ? {} : { rows: row }),
      ...(severities === undefined ? {} : { severities }),
    },
    dryRun,
    signal,
    onProgress: ({ done, total }) => out.progress(`${done} of ${total} rows`),
  });
  const { manifest, ...rest } = report;
  out.result({ dataset: datasetJson(manifest), dryRun, ...rest }, () => fixLines(report, dryRun));
}

function fixLines(
  { manifest, before, changed, dropped, applied, left, examples }: FixReport,
  dryRun: boolean,
): string[] {
  const would = dryRun ? 'would be ' : '';
  return [
    ...examples.map(({ row, rule, path, from, to }) =>
      path === null
        ? `row ${row} [${rule}]: ${dryRun ? 'would go' : 'is gone'}`
        : `row ${row} [${rule}] ${path}: ${JSON.stringify(from)} → ${JSON.stringify(to)}`,
    ),
    ...(applied > examples.length ? [`… and ${applied - examples.length} more`] : []),
    `${applied} fixes: ${changed} rows ${would}changed, ${dropped} ${dryRun ? 'would go' : 'are gone'}.`,
    ...(left > 0 ? [`${left} findings no longer fit their row; check again to see whether they hold.`] : []),
    dryRun
      ? 'Nothing was changed.'
      : `${manifest.name} is now ${manifest.version}; back to ${before}: ragtui dataset undo ${manifest.name}`,
  ];
}

async function undo({ out, paths, signal }: CommandContext, [which]: [string]): Promise<undefined> {
  const { undoVersion } = await import('../../../datasets/fix.ts');
  const { manifest, undone } = await undoVersion(paths, which, signal);
  out.result(
    { dataset: datasetJson(manifest), undone },
    () => `${manifest.name} is ${manifest.version} again; ${undone} is kept.`,
  );
}
