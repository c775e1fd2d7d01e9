import type { Command } from 'commander';
import { z } from 'zod';
import type { Findings } from '../../../datasets/doctor/findings-file.ts';
import { severitySchema } from '../../../datasets/doctor/types.ts';
import { checkLines } from '../../check-text.ts';
import type { CommandContext } from '../../context.ts';
import { collect, handle, type Invocation } from '../../define.ts';
import { EXIT } from '../../exit-codes.ts';
import { name, whole } from './arguments.ts';

const LISTED = { text: 3, json: 1000 };

const checkOptions = z.object({
  split: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  cutoff: whole.min(1, 'at least 1').optional(),
  against: z.array(z.string().min(1)).default([]),
  run: z.array(z.string().min(1)).default([]),
  also: z.array(z.string().min(1)).default([]),
  rule: z.array(z.string().min(1)).optional(),
  limit: whole.optional(),
  gate: z.enum(severitySchema.options, 'error, warning or info').optional(),
  afresh: z.boolean().default(false),
});
type CheckWish = z.output<typeof checkOptions>;

/** `ragtui dataset check NAME`. */
export function addCheck(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('check')
      .description('look for defects, leaks and what the engine would drop')
      .argument('<name>')
      .option('--split <part>', 'a split, or a part of one (default: all rows and all splits)')
      .option('--model <model>', "count lengths in this model's tokens: its id, or a Transformers folder")
      .option('--cutoff <n>', 'tokens that the training reads of a row (default: 512)')
      .option('--against <dataset[:part]>', 'an evaluation set that nothing may leak into (may be repeated)', collect)
      .option('--run <id>', 'the same, for the set of an evaluation (may be repeated)', collect)
      .option('--also <rule>', 'a rule that is off by default: personal-data (may be repeated)', collect)
      .option('--rule <rule>', 'this rule alone (may be repeated)', collect)
      .option('--limit <n>', 'findings listed of each rule (default: 3, with --json 1000)')
      .option('--gate <severity>', 'exit with 3 when a finding is that grave: error, warning or info')
      .option('--afresh', 'check again although nothing has changed'),
    invocation,
    { args: name, options: checkOptions },
    check,
  );
}

async function check(
  { out, paths, signal }: CommandContext,
  [which]: [string],
  wish: CheckWish,
): Promise<number | undefined> {
  const { checkDataset } = await import('../../../datasets/doctor/check.ts');
  const { runReference } = await import('../../../datasets/doctor/reference.ts');
  const { split, model, cutoff, also, rule, afresh } = wish;
  const { findings, reused } = await checkDataset(paths, which, {
    also,
    afresh,
    signal,
    against: [...wish.against, ...wish.run.map((id) => runReference(paths, id))],
    ...(split === undefined ? {} : { split }),
    ...(model === undefined ? {} : { model }),
    ...(cutoff === undefined ? {} : { cutoff }),
    ...(rule === undefined ? {} : { only: rule }),
    onProgress: ({ phase, done, total, findings: found }) =>
      out.progress(
        phase === 'reading' ? `${done} of ${total} rows, ${found} findings` : `comparing, ${found} findings`,
      ),
  });
  const listed = listedFindings(findings, wish.limit ?? (out.json ? LISTED.json : LISTED.text));
  const { summary } = findings;
  out.result({ ...summary, reused, counted: summary.findings, findings: listed.map(({ finding }) => finding) }, () =>
    checkLines(summary, listed, reused),
  );
  return wish.gate !== undefined && isAtLeast(summary.severities, wish.gate) ? EXIT.gateSaysNo : undefined;
}

/** The first findings of each rule. */
function listedFindings(findings: Findings, limit: number) {
  return findings.summary.rules
    .filter(({ count }) => count > 0)
    .flatMap(({ id }) => findings.page({ rules: [id] }, 0, limit).findings);
}

function isAtLeast(counts: Readonly<Record<'error' | 'warning' | 'info', number>>, gate: 'error' | 'warning' | 'info') {
  const grave = severitySchema.options.slice(0, severitySchema.options.indexOf(gate) + 1);
  return grave.some((severity) => counts[severity] > 0);
}
