import { createHash } from 'node:crypto';
import { hashOf } from '../../evaluation/plan.ts';
import { type EvaluationRun, readRun } from '../../evaluation/runs.ts';
import type { ItemResult } from '../../evaluation/types.ts';
import { connectKb } from '../../kb/client.ts';
import { loadSettings } from '../../platform/config.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { preferencesOf } from '../../rag/comparisons/preferences.ts';
import type { KeptComparison } from '../../rag/comparisons/types.ts';
import { promptFor } from '../../rag/trained-prompt.ts';
import type { Column, Message } from '../../rag/types.ts';
import { openQaDataset } from '../open.ts';
import type { PreferenceRow } from '../types.ts';
import { PhaseProgress } from './progress.ts';
import { RowsToPublish } from './publish.ts';
import type { MakingContext } from './run.ts';
import type { Made, MakingOf } from './types.ts';
import { NO_USAGE } from './usage.ts';

type Work = MakingOf<'preference'>;
const PAIRS_FILE = 'pairs.jsonl';

interface Pairs {
  readonly rows: readonly PreferenceRow[];
  /** One for each row: where it came from. */
  readonly about: readonly object[];
  /** Pairs that make no row, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
}

/** The body of a `make-data` job that makes pairs of a better and a worse answer. */
export async function makePreferences({ paths, report, signal }: MakingContext, work: Work): Promise<Made> {
  new PhaseProgress(report).begin('pairing', 0, 'pairs');
  const { from, as } = work;
  const { rows, about, skipped } =
    from.kind === 'votes' ? await pairsOfVotes(paths, from, signal) : await pairsOfRuns(paths, from);
  const text = JSON.stringify(rows);
  const source = {
    name: from.kind === 'votes' ? 'votes of comparisons' : `runs ${from.a.run} and ${from.b.run}`,
    sha256: createHash('sha256').update(text).digest('hex'),
    bytes: Buffer.byteLength(text),
    format: from.kind,
  };
  const parameters =
    from.kind === 'votes'
      ? { kb: from.kb ?? '', blind: from.blind }
      : {
          a: `${from.a.run}/${from.a.column ?? ''}`,
          b: `${from.b.run}/${from.b.column ?? ''}`,
          metric: from.metric,
          difference: from.difference,
        };
  const step = { name: 'preference', parameters };
  const out = new RowsToPublish(paths, { as, kind: 'preference', source, earlier: [], step, signal });
  try {
    for (const row of rows) out.add(row);
    const reasons = Object.entries(skipped).filter(([, count]) => count > 0);
    const why = reasons.map(([reason, count]) => `${reason} ${count}`);
    const { manifest, added } = await out.publish(
      { [PAIRS_FILE]: about.map((one, row) => ({ row, ...one })) },
      why.length > 0
        ? `every pair was left out (${why.join(', ')}).`
        : from.kind === 'votes'
          ? 'nobody has voted yet.'
          : 'they share no answered question.',
    );
    return {
      dataset: manifest.name,
      version: manifest.version,
      kind: manifest.kind,
      rows: manifest.rows,
      added,
      counts: Object.fromEntries(reasons.map(([reason, count]) => [`left out: ${reason}`, count])),
      notes: [],
      usage: NO_USAGE,
      cost: null,
    };
  } finally {
    out.discard();
  }
}

async function pairsOfVotes(
  paths: WorkspacePaths,
  { kb: only, blind }: { readonly kb: string | null; readonly blind: boolean },
  signal: AbortSignal,
): Promise<Pairs> {
  const client = await connectKb(paths, { signal });
  try {
    const comparisons: KeptComparison[] = [];
    for (let offset = 0; ; ) {
      const page = await client.call('comparisons.list', { voted: true, limit: 500, offset }, { signal });
      for (const { id, kb } of page.comparisons) {
        if (only !== null && kb !== only) continue;
        const kept = await client.call('comparisons.get', { id }, { signal });
        comparisons.push(blind ? { ...kept, votes: kept.votes.filter((vote) => vote.blind) } : kept);
      }
      offset += page.comparisons.length;
      if (page.comparisons.length === 0 || offset >= page.total) break;
    }
    const { rows, skipped } = preferencesOf(comparisons);
    return {
      rows: rows.map(({ metadata: _, ...row }) => row),
      about: rows.map(({ metadata }) => metadata),
      skipped: {
        undecided: skipped.undecided,
        'nothing to learn': skipped.nothingToLearn,
        'other messages': skipped.otherPrompt,
      },
    };
  } finally {
    await client.close();
  }
}

interface AnsweredColumn {
  readonly label: string;
  readonly column: Column;
  readonly run: EvaluationRun;
  readonly items: ReadonlyMap<string, ItemResult>;
}

type FromRuns = Extract<Work['from'], { kind: 'runs' }>;

async function pairsOfRuns(paths: WorkspacePaths, from: FromRuns): Promise<Pairs> {
  const [a, b] = [columnOf(paths, from.a), columnOf(paths, from.b)];
  const messages = await messagesOf(paths, a.run);
  const messagesB = a.run === b.run ? messages : await messagesOf(paths, b.run);
  return pairItems(a, b, from, (item, column) => (column === a ? messages : messagesB)(item, column.column));
}

function columnOf(paths: WorkspacePaths, { run: id, column: name }: FromRuns['a']): AnsweredColumn {
  const run = readRun(paths, id);
  const column = run.evaluation.columns.find((one) => (name === null ? one.llm !== 'none' : one.name === name));
  if (!column || column.llm === 'none') {
    const known = run.evaluation.columns.filter(({ llm }) => llm !== 'none').map((one) => one.name);
    throw new RagtuiError(
      'not-found',
      `The run ${id} has no answering column${name === null ? '' : ` "${name}"`}.`,
      `It has: ${known.join(', ') || 'none'}.`,
    );
  }
  const items = run.items.filter((item) => item.column === column.name && item.state === 'ok');
  return { label: `${id}/${column.name}`, column, run, items: new Map(items.map((item) => [item.content, item])) };
}

/**
 * The answers to one question that differ by enough in the metric: the better chosen, the worse rejected. Both columns
 * must have been sent the same messages. Pure but for `messages`.
 */
export function pairItems<C extends Pick<AnsweredColumn, 'label' | 'items'>>(
  a: C,
  b: C,
  { metric, difference }: Pick<FromRuns, 'metric' | 'difference'>,
  messages: (item: ItemResult, column: C) => Message[] | undefined,
): Pairs {
  const rows: PreferenceRow[] = [];
  const about: object[] = [];
  const skipped = { 'too alike': 0, 'same answer': 0, 'other messages': 0, 'cut context': 0, 'no score': 0 };
  for (const [content, inA] of a.items) {
    const inB = b.items.get(content);
    if (!inB) continue;
    const [scoreA, scoreB] = [inA.scores[metric], inB.scores[metric]];
    const [first, second] = [messages(inA, a), messages(inB, b)];
    if (scoreA == null || scoreB == null) skipped['no score'] += 1;
    else if (Math.abs(scoreA - scoreB) < difference) skipped['too alike'] += 1;
    else if (inA.output?.trim() === inB.output?.trim()) skipped['same answer'] += 1;
    else if (inA.cut !== '' || inB.cut !== '') skipped['cut context'] += 1;
    else if (!first || JSON.stringify(first) !== JSON.stringify(second)) skipped['other messages'] += 1;
    else {
      const [better, worse] = scoreA > scoreB ? [inA, inB] : [inB, inA];
      const [chosen, rejected] = scoreA > scoreB ? [a, b] : [b, a];
      rows.push({
        id: `pair-${inA.item}`,
        messages: first,
        chosen: (better.output ?? '').trim(),
        rejected: (worse.output ?? '').trim(),
      });
      const scores = { chosenScore: Math.max(scoreA, scoreB), rejectedScore: Math.min(scoreA, scoreB) };
      about.push({ item: inA.item, metric, ...scores, chosen: chosen.label, rejected: rejected.label });
    }
  }
  return { rows, about, skipped };
}

/** The messages that a column was sent for an item, as its prompt builds them from what the run kept. */
async function messagesOf(
  paths: WorkspacePaths,
  { evaluation }: EvaluationRun,
): Promise<(item: ItemResult, column: Column) => Message[] | undefined> {
  const contexts = new Map<string, string>();
  const dataset = openQaDataset(paths, evaluation.dataset, { version: evaluation.version });
  for await (const { question, context, answers } of dataset.rows(evaluation.split)) {
    contexts.set(hashOf([question, context, answers]), context);
  }
  const { prompts } = loadSettings(paths.configFile).settings;
  return (item, column) => {
    const gold = contexts.get(item.content);
    const found = (item.retrieved ?? []).slice(0, column.topK).map(({ text }) => text);
    if (column.context === 'gold' && gold === undefined) return undefined;
    const passages = column.context === 'gold' ? [gold ?? ''] : column.context === 'none' ? [] : found;
    return promptFor(paths, column.prompt, column.llm, prompts).build({ passages, question: item.question });
  };
}
