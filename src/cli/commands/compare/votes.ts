import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import type { KbClient } from '../../../kb/protocol.ts';
import { RagtuiError } from '../../../platform/errors.ts';
import type { KeptComparison } from '../../../rag/comparisons/types.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { withKb } from '../../kb-client.ts';
import { table } from '../../output.ts';
import { type IdArgument, idArgument, keptComparison } from './kept.ts';

const votesOptions = z.object({
  export: z.string().min(1).optional(),
  mixedPrompts: z.boolean().default(false),
  blind: z.boolean().default(false),
  kb: z.string().min(1).optional(),
});
const voteOptions = z.object({
  best: z.string().min(1).optional(),
  tie: z.boolean().default(false),
  neither: z.boolean().default(false),
  withdraw: z.boolean().default(false),
});

/** `ragtui compare votes` (the board, preference data) and `ragtui compare vote ID`. */
export function addVotes(compare: Command, invocation: Invocation): void {
  handle(
    compare
      .command('votes')
      .description('who is preferred: ratings of all columns that were voted on')
      .option('--kb <name>', 'only votes on this knowledge base')
      .option('--blind', 'only votes cast with hidden names')
      .option('--export <file>', 'write the votes as preference data (JSON lines)')
      .option('--mixed-prompts', 'with --export: also pairs whose messages differ, with those of the chosen one'),
    invocation,
    { args: z.tuple([]), options: votesOptions },
    votes,
  );
  handle(
    compare
      .command('vote')
      .description('say which column was best')
      .argument('<id>', 'number of the comparison, or latest')
      .option('--best <column>', 'its name, or its place from 1')
      .option('--tie', 'all are alike')
      .option('--neither', 'none is any good')
      .option('--withdraw', 'take the vote back'),
    invocation,
    { args: idArgument, options: voteOptions },
    vote,
  );
}

async function votes(context: CommandContext, _: [], options: z.output<typeof votesOptions>): Promise<undefined> {
  const { boardOf } = await import('../../../rag/comparisons/board.ts');
  const { boardTable } = await import('../../../rag/comparisons/facts.ts');
  const { out } = context;
  await withKb(context, async (kb) => {
    if (options.export !== undefined) return exportVotes(context, kb, options.export, options);
    const voted = await kb.call('comparisons.votes', {});
    const board = boardOf(voted, { blindOnly: options.blind, ...(options.kb === undefined ? {} : { kb: options.kb }) });
    return out.result({ board }, () => {
      if (board.rows.length === 0) return 'There is no vote yet: ragtui compare vote ID --best COLUMN';
      const { header, rows } = boardTable(board);
      const count = `${board.votes} ${board.votes === 1 ? 'vote' : 'votes'}, ${board.blind} of them with hidden names, ${board.uncounted} not in the ratings.`;
      return [...table(header, rows), '', count, ...board.notes];
    });
  });
  return undefined;
}

async function exportVotes(
  { out }: CommandContext,
  kb: KbClient,
  file: string,
  { mixedPrompts, blind, kb: base }: z.output<typeof votesOptions>,
): Promise<void> {
  const { preferencesOf } = await import('../../../rag/comparisons/preferences.ts');
  const voted = await kb.call('comparisons.votes', {});
  const wanted = voted.filter((one) => (!blind || one.vote.blind) && (base === undefined || one.kb === base));
  const comparisons: KeptComparison[] = [];
  for (const { vote: cast } of wanted) comparisons.push(await kb.call('comparisons.get', { id: cast.comparison }));
  const { rows, skipped } = preferencesOf(comparisons, { mixedPrompts });
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''), { mode: 0o600 });
  out.result({ file, rows: rows.length, skipped }, () => [
    `Wrote ${rows.length} pairs to ${file}.`,
    ...(skipped.otherPrompt > 0
      ? [`${skipped.otherPrompt} pairs were left out: their messages differ (--mixed-prompts takes them too).`]
      : []),
    ...(skipped.undecided > 0 ? [`${skipped.undecided} votes chose none.`] : []),
    ...(skipped.nothingToLearn > 0 ? [`${skipped.nothingToLearn} pairs have one answer, or the same twice.`] : []),
  ]);
}

async function vote(
  context: CommandContext,
  [which]: [IdArgument],
  { best, tie, neither, withdraw }: z.output<typeof voteOptions>,
): Promise<undefined> {
  if ([best !== undefined, tie, neither, withdraw].filter(Boolean).length !== 1) {
    throw new RagtuiError('usage', 'A vote is one of --best COLUMN, --tie, --neither or --withdraw.');
  }
  const { judged, voteOf } = await import('../../../rag/comparisons/votes.ts');
  const { choiceText } = await import('../../../rag/comparisons/facts.ts');
  await withKb(context, async (kb) => {
    const kept = await keptComparison(kb, which);
    const names = kept.columns.filter(judged).map(({ column }) => column.name);
    const choice = best === undefined ? (tie ? 'tie' : 'neither') : placeOf(kept, names, best);
    const cast = withdraw ? null : voteOf({ names, seed: null, choice });
    const after = await kb.call('comparisons.vote', { id: kept.id, vote: cast });
    context.out.result({ id: after.id, votes: after.votes }, () =>
      cast ? `Comparison ${kept.id}: preferred ${choiceText(cast.choice)}.` : `Comparison ${kept.id} has no vote now.`,
    );
  });
  return undefined;
}

/** A column by its name, or by its place in the comparison from 1: where it is among those that answered. */
function placeOf({ id, columns }: KeptComparison, answered: readonly string[], best: string): number {
  const names = columns.map(({ column }) => column.name);
  const name = names.includes(best) ? best : names[Number(best) - 1];
  const at = name === undefined ? -1 : answered.indexOf(name);
  if (at >= 0) return at;
  throw new RagtuiError('usage', `Comparison ${id} has no answer of "${best}".`, `It has: ${answered.join(', ')}.`);
}
