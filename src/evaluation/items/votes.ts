import { createHash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { jobFolder, readJsonFile, writeJsonFile } from '../../jobs/folder.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { blindOrder } from '../../rag/comparisons/votes.ts';
import { isFailure } from '../item-state.ts';
import { judgedOf } from '../judge/layer.ts';
import { type EvaluationRun, readRun } from '../runs.ts';
import { columnsOf } from '../table.ts';
import type { ItemResult } from '../types.ts';

/** What was preferred: the base column's answer, the other column's, or neither. */
export const labelSchema = z.enum(['base', 'other', 'tie']);
export type PairLabel = z.infer<typeof labelSchema>;

/** A blind vote of a person on a pair of answers: `item-votes.json` in the run's folder. */
const itemVoteSchema = z.object({
  item: z.string(),
  base: z.string(),
  column: z.string(),
  /** Hash of both answers: other answers make it void. */
  of: z.string(),
  label: labelSchema,
  /** Whether the base stood first. */
  baseFirst: z.boolean(),
  at: z.iso.datetime(),
});
export type ItemVote = z.infer<typeof itemVoteSchema>;
const votesSchema = z.array(itemVoteSchema);

const votesFile = (paths: WorkspacePaths, run: string): string => path.join(jobFolder(paths, run), 'item-votes.json');

export const readItemVotes = (paths: WorkspacePaths, run: string): readonly ItemVote[] =>
  readJsonFile(votesFile(paths, run), votesSchema) ?? [];

/** Two answers to a question, shown without names. */
export interface BlindPair {
  readonly item: string;
  readonly question: string;
  readonly column: string;
  readonly base: string;
  readonly of: string;
  readonly baseFirst: boolean;
  /** As they are shown. */
  readonly answers: [string, string];
}

/** Pairs of a column and the first one that differ, in an order that says nothing; those voted on are left out. Pure. */
export function blindPairs(run: EvaluationRun, column: string | null, votes: readonly ItemVote[]): BlindPair[] {
  const [base, ...others] = columnsOf(run).filter(({ baseline }) => !baseline);
  const other = column === null ? others[0] : others.find(({ name }) => name === column);
  if (!base || !other) {
    throw new RagtuiError(
      'usage',
      column === null
        ? 'There is only one column: nothing to choose between.'
        : `There is no column "${column}" to put against the first one.`,
    );
  }
  const done = new Set(votes.map(({ item, of }) => `${item}\0${of}`));
  const pairs = [...base.items].flatMap(([question, a]): BlindPair[] => {
    const b = other.items.get(question);
    if (!b || isFailure(a) || isFailure(b) || said(a) === said(b)) return [];
    const of = judgedOf(a, b);
    if (done.has(`${a.item}\0${of}`)) return [];
    const baseFirst = blindOrder(2, seedOf(of))[0] === 0;
    const answers: [string, string] = baseFirst ? [said(a), said(b)] : [said(b), said(a)];
    return [{ item: a.item, question: a.question, column: other.name, base: base.name, of, baseFirst, answers }];
  });
  // Drawn, so that the first twenty votes are a sample of the run and not its first contexts.
  return pairs.sort((x, y) => seedOf(`${x.of} order`) - seedOf(`${y.of} order`));
}

const said = ({ output }: ItemResult): string => (output ?? '').trim();
const seedOf = (text: string): number => createHash('sha256').update(text).digest().readUInt32LE(0);

/** Keeps a vote on a pair: the place that was chosen. Errors: `disk-full`. */
function voteOnPair(
  paths: WorkspacePaths,
  run: string,
  { item, base, column, of, baseFirst }: BlindPair,
  choice: 'first' | 'second' | 'tie',
): ItemVote {
  const label = choice === 'tie' ? 'tie' : (choice === 'first') === baseFirst ? 'base' : 'other';
  const vote: ItemVote = { item, base, column, of, label, baseFirst, at: new Date().toISOString() };
  const kept = readItemVotes(paths, run).filter((one) => one.item !== item || one.column !== column);
  writeJsonFile(votesFile(paths, run), [...kept, vote], { durable: true });
  return vote;
}

export const choiceSchema = z.enum(['first', 'second', 'tie']);
/** The pair to vote on next, and how many there are. */
export const voteStepSchema = z.object({
  run: z.string(),
  votes: z.number(),
  left: z.number(),
  /** As shown, without names; null: all are voted on. */
  next: z.object({ item: z.string(), question: z.string(), answers: z.tuple([z.string(), z.string()]) }).nullable(),
});
export type VoteStep = z.infer<typeof voteStepSchema>;

/** Keeps a vote, if one is given, and shows the next pair. Errors: `not-found`, `usage` for an item without two answers. */
export function voteStep(
  paths: WorkspacePaths,
  id: string,
  {
    column,
    vote,
  }: {
    readonly column: string | null;
    readonly vote: { readonly item: string; readonly choice: z.infer<typeof choiceSchema> } | null;
  },
): VoteStep {
  const run = readRun(paths, id);
  const name = run.view.spec.id;
  if (vote) {
    // Also one that was voted on: the later vote holds.
    const pair = blindPairs(run, column, []).find(({ item }) => item === vote.item);
    if (!pair) throw new RagtuiError('not-found', `${vote.item} has no two answers that differ in ${name}.`);
    voteOnPair(paths, name, pair, vote.choice);
  }
  const votes = readItemVotes(paths, name);
  const left = blindPairs(run, column, votes);
  const [first] = left;
  const next = first ? { item: first.item, question: first.question, answers: first.answers } : null;
  return { run: name, votes: votes.length, left: left.length, next };
}
