import { connectKb } from '../../kb/client.ts';
import type { KbClient } from '../../kb/protocol.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { KeptComparison } from '../../rag/comparisons/types.ts';
import { type ItemVote, type PairLabel, readItemVotes } from '../items/votes.ts';
import type { NoteId } from '../note-texts.ts';
import { type RunNote, runNote } from '../notes.ts';
import { type EvaluationRun, readRun } from '../runs.ts';
import { type Agreement, agreementOf } from '../statistics/kappa.ts';
import { columnsOf } from '../table.ts';
import type { ItemResult } from '../types.ts';
import { LOSS, WIN } from './aggregate.ts';
import { judgedOf } from './layer.ts';
import { judgeMetricName } from './merge.ts';

/** How a judge's preferences agree with one's own blind votes. */
export interface Calibration extends Agreement {
  readonly judge: string;
  readonly column: string;
  readonly base: string;
  /** What the judge says (rows) of what the person said (columns): counts. */
  readonly table: Readonly<Record<PairLabel, Readonly<Record<PairLabel, number>>>>;
  /** Votes the judge has no readable judgement of: they count for nothing. */
  readonly missing: number;
  /** Where the votes came from. */
  readonly votes: { readonly run: number; readonly compare: number };
  /** What that comes to, sentence by sentence. */
  readonly notes: readonly RunNote[];
  readonly sentence: string;
}

/**
 * The agreement of every judge of a run with one's own blind votes: those on its pairs (`eval vote`), and those of Compare on
 * the same question with the same two answers. Errors: `not-found`; `usage` without a judge's preferences or without votes.
 */
export async function calibrateRun(
  paths: WorkspacePaths,
  id: string,
  { judge, signal }: { readonly judge: string | null; readonly signal: AbortSignal },
): Promise<Calibration[]> {
  const run = readRun(paths, id);
  const name = run.view.spec.id;
  const judges = run.judges.filter(({ llm }) => judge === null || llm === judge).map(({ llm }) => llm);
  const preferring = judges.filter((llm) => run.evaluation.metrics.includes(judgeMetricName('preference', llm)));
  if (preferring.length === 0) {
    throw new RagtuiError(
      'usage',
      `${judge ?? 'No judge'} has ${judge === null ? '' : 'not '}preferred an answer of ${name}.`,
      'Let one: ragtui eval judge RUN --judge LLM --metrics preference',
    );
  }
  const own = readItemVotes(paths, name);
  const kb = await connectKb(paths, { signal });
  let compared: KeptComparison[];
  try {
    compared = await votedComparisons(kb, run);
  } finally {
    await kb.close();
  }
  const found = calibrations(run, preferring, own, compared);
  if (found.length === 0) {
    throw new RagtuiError(
      'usage',
      `Nobody has voted on answers of ${name}.`,
      'Vote blind: ragtui eval vote RUN, or V on the Evaluate screen; votes of Compare on the same answers count too.',
    );
  }
  return found;
}

/** Comparisons with a blind vote on a question of the run. */
async function votedComparisons(kb: KbClient, { items }: EvaluationRun): Promise<KeptComparison[]> {
  const questions = new Set(items.map(({ question }) => question.trim()));
  const voted = await kb.call('comparisons.votes', {});
  const found: KeptComparison[] = [];
  for (const { vote, question } of voted) {
    if (!vote.blind || !questions.has(question.trim())) continue;
    found.push(await kb.call('comparisons.get', { id: vote.comparison }));
  }
  return found;
}

/** By judge and column; those without a vote are left out. Pure. */
export function calibrations(
  run: EvaluationRun,
  judges: readonly string[],
  own: readonly ItemVote[],
  compared: readonly KeptComparison[],
): Calibration[] {
  const [base, ...others] = columnsOf(run).filter(({ baseline }) => !baseline);
  if (!base) return [];
  return judges.flatMap((judge) =>
    others.flatMap((other): Calibration[] => {
      const metric = judgeMetricName('preference', judge);
      const pairs: [PairLabel, PairLabel][] = [];
      const votes = { run: 0, compare: 0 };
      let missing = 0;
      for (const [question, a] of base.items) {
        const b = other.items.get(question);
        const vote = b && voteOn(a, b, other.name, own, compared);
        if (!vote) continue;
        votes[vote.from] += 1;
        const said = labelOf(b.scores[metric]);
        if (said === undefined) missing += 1;
        else pairs.push([said, vote.label]);
      }
      if (votes.run + votes.compare === 0) return [];
      const count = (row: PairLabel, column: PairLabel) => pairs.filter(([x, y]) => x === row && y === column).length;
      const table = tableOf((row) => tableOf((column) => count(row, column)));
      const agreement = agreementOf(pairs);
      const names = { judge, column: other.name, base: base.name };
      const notes = notesOf(judge, agreement, missing);
      return [
        { ...names, ...agreement, table, missing, votes, notes, sentence: notes.map(({ text }) => text).join(' ') },
      ];
    }),
  );
}

const tableOf = <T>(make: (label: PairLabel) => T): Record<PairLabel, T> => ({
  base: make('base'),
  other: make('other'),
  tie: make('tie'),
});

/** One's vote on two answers: on the pair itself, else in a comparison that has both. */
function voteOn(
  a: ItemResult,
  b: ItemResult,
  column: string,
  own: readonly ItemVote[],
  compared: readonly KeptComparison[],
): { readonly label: PairLabel; readonly from: 'run' | 'compare' } | undefined {
  const of = judgedOf(a, b);
  const direct = own.find((one) => one.item === a.item && one.column === column && one.of === of);
  if (direct) return { label: direct.label, from: 'run' };
  const [first, second] = [said(a), said(b)];
  if (first === '' || second === '' || first === second) return undefined;
  for (const { question, columns, votes } of compared) {
    if (question.trim() !== a.question.trim()) continue;
    const named = (answer: string) => columns.find((one) => one.answer?.answer.trim() === answer)?.column.name;
    const [ofBase, ofOther] = [named(first), named(second)];
    const vote = votes.at(-1);
    if (!vote?.blind || ofBase === undefined || ofOther === undefined) continue;
    if (!vote.shown.includes(ofBase) || !vote.shown.includes(ofOther)) continue;
    const { choice } = vote;
    if (choice.kind !== 'column') return { label: 'tie', from: 'compare' };
    // A third answer was chosen: it says nothing about these two.
    if (choice.column === ofBase) return { label: 'base', from: 'compare' };
    if (choice.column === ofOther) return { label: 'other', from: 'compare' };
  }
  return undefined;
}

const said = ({ output }: ItemResult): string => (output ?? '').trim();

function labelOf(score: number | null | undefined): PairLabel | undefined {
  if (score === null || score === undefined) return undefined;
  return score === WIN ? 'other' : score === LOSS ? 'base' : 'tie';
}

/** Fewer tell little: the interval of κ is then a unit wide. */
const FEW = 30;

/** What the agreement comes to, and what to mind about it. Pure. */
function notesOf(judge: string, { n, share, kappa }: Agreement, missing: number): RunNote[] {
  const say = (id: NoteId, values: RunNote['values'] = {}): RunNote => runNote(id, values, null);
  const left = missing > 0 ? [say('votes-missing', { missing })] : [];
  if (!share) return [say('votes-none', { judge }), ...left];
  const percent = (value: number) => (100 * value).toFixed(1);
  const agreed = { judge, n, share: percent(share.mean), low: percent(share.low), high: percent(share.high) };
  return [
    kappa
      ? say('votes-agree', {
          ...agreed,
          kappa: kappa.value.toFixed(2),
          kappaLow: kappa.low.toFixed(2),
          kappaHigh: kappa.high.toFixed(2),
        })
      : say('votes-share', agreed),
    ...(n < FEW ? [say('votes-few', { few: FEW })] : []),
    ...(kappa && kappa.low <= 0 ? [say('votes-chance')] : []),
    ...left,
  ];
}
