import type { Command } from 'commander';
import { z } from 'zod';
import type { FieldChange } from '../../../datasets/view/diff-versions.ts';
import { sanitize, sanitizeLine } from '../../../platform/sanitize.ts';
import type { AnswerDiff } from '../../../rag/comparisons/diff-answers.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { whole } from './arguments.ts';

const options = z.object({ rows: whole.default(20) });
const words = z.tuple([z.string().min(1), z.string().min(1), z.string().min(1)]);

/** `ragtui dataset diff NAME V1 V2`. */
export function addDiff(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('diff')
      .description('what differs between two versions: rows added, removed and changed, word by word')
      .argument('<name>')
      .argument('<before>', 'a version, as "dataset show" lists them')
      .argument('<after>')
      .option('--rows <n>', 'show so many of the rows that differ (default: 20)'),
    invocation,
    { args: words, options },
    diff,
  );
}

async function diff(
  { out, paths, signal }: CommandContext,
  [which, v1, v2]: [string, string, string],
  { rows }: z.output<typeof options>,
): Promise<undefined> {
  const { openDataset } = await import('../../../datasets/open.ts');
  const { changedFields, diffVersions } = await import('../../../datasets/view/diff-versions.ts');
  const { diffAnswers } = await import('../../../rag/comparisons/diff-answers.ts');
  const [before, after] = [openDataset(paths, which, { version: v1 }), openDataset(paths, which, { version: v2 })];
  const { changes, ...counts } = await diffVersions(before, after, { most: rows, signal });
  const shown = changes.map((one) => ({
    ...one,
    fields: changedFields(
      one.before === null ? null : before.row(one.before),
      one.after === null ? null : after.row(one.after),
    ),
  }));
  out.result({ dataset: before.manifest.name, before: v1, after: v2, ...counts, changes: shown }, () => [
    `${counts.same} rows are the same, ${counts.changed} changed, ${counts.added} added, ${counts.removed} removed.`,
    ...(counts.reordered ? ['Rows that both have stand in another order.'] : []),
    ...shown.flatMap(({ kind, before: from, after: to, title, fields }) => [
      '',
      `${kind} ${[from, to].filter((one) => one !== null).join(' → ')}  ${sanitizeLine(title)}`,
      ...(kind === 'changed' ? fields.map((field) => `  ${field.field}: ${marked(field, diffAnswers)}`) : []),
    ]),
  ]);
}

const AROUND = 60;

/** Word by word: `[-gone-]{+new+}`; long stretches that both have are shortened. */
function marked({ before, after }: FieldChange, compare: (a: string, b: string) => AnswerDiff): string {
  const { parts } = compare(before, after);
  const pieces = parts.map(({ kind, base, other }) => {
    if (kind === 'removed') return `[-${before.slice(base?.start, base?.end)}-]`;
    const text = after.slice(other?.start, other?.end);
    if (kind === 'added') return `{+${text}+}`;
    return text.length <= 2 * AROUND ? text : `${text.slice(0, AROUND)} … ${text.slice(-AROUND)}`;
  });
  return sanitize(pieces.join(' ')).replaceAll('\n', '\n    ');
}
