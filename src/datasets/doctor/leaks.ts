import type { DatasetRow } from '../types.ts';
import { LeakDrops } from './leak-drops.ts';
import type { NearContexts } from './near-contexts.ts';
import type { RowIndex } from './row-index.ts';
import { viewOf } from './row-view.ts';
import { sharedRuns } from './shared-runs.ts';
import { KeyTable } from './text/key-table.ts';
import { jaccard, shingleHashes } from './text/shingles.ts';
import type { Finding, LeakCount } from './types.ts';

/** The rows of a check and, behind them, those of a dataset that they are compared with, under one numbering. */
export interface LeakRows {
  readonly index: RowIndex;
  row(number: number): DatasetRow;
  /** All rows in their order. */
  rows(): AsyncIterable<DatasetRow>;
  /** How a row is named in a finding. */
  placeOf(number: number): { row: number; dataset?: string };
}

/** Rows that are looked at (`subjects`), and those that they must have nothing in common with (`references`). */
export interface LeakQuestion {
  readonly part: string;
  readonly from: string;
  readonly subjects: readonly number[];
  readonly references: readonly number[];
  /** `references`: training rows, which go; `subjects`: the subjects are the training rows. */
  readonly drop: 'references' | 'subjects';
  /** Characters that a shared run must have at least. */
  readonly run: number;
}

type Kind = 'id' | 'context' | 'question' | 'near-context' | 'run';

const SEVERITY = {
  id: 'error',
  context: 'error',
  question: 'warning',
  'near-context': 'warning',
  run: 'info',
} as const satisfies Record<Kind, Finding['severity']>;
/** Below this a context of the same group is no longer nearly the same itself. */
const STILL_NEAR = 0.7;

/** What leaks between two sets of rows: the counts by kind, and a finding for each row and its gravest kinds. */
export async function findLeaks(
  rows: LeakRows,
  near: NearContexts,
  question: LeakQuestion,
  wanted: (rule: string) => boolean,
  report: (finding: Finding) => void,
): Promise<LeakCount> {
  const { index } = rows;
  const known = referencesOf(rows, near, question);
  const drops = new LeakDrops(index, near, question.references);
  const runs = wanted('leak-run')
    ? await sharedRuns(rows, near, question)
    : new Map<number, { context: number; text: string }>();
  const counts = { id: 0, question: 0, context: 0, 'near-context': 0, run: 0 };
  let dirty = 0;
  for (const number of question.subjects) {
    const hits = [...hitsOf(number)].filter(({ kind }) => wanted(`leak-${kind}`));
    if (hits.length > 0) dirty++;
    for (const hit of hits) {
      counts[hit.kind]++;
      report(findingOf(rows, question, number, hit, drops));
    }
  }
  const { 'near-context': nearContext, ...rest } = counts;
  return { part: question.part, from: question.from, rows: question.subjects.length, dirty, nearContext, ...rest };

  function* hitsOf(number: number): Generator<Hit> {
    const id = known.ids.get(index.ids.at(number));
    if (id >= 0 && id !== number && sameNaming(rows, number, id)) yield { kind: 'id', row: id, context: -1, note: '' };
    const contexts = index.contextsOf(number);
    const same = contexts.find((context) => known.contexts.has(context));
    if (same !== undefined) yield { kind: 'context', row: known.contexts.get(same) ?? 0, context: same, note: '' };
    const asked = index.questions.at(number) === 0 ? -1 : known.questions.get(index.questions.at(number));
    if (asked >= 0 && asked !== number) yield { kind: 'question', row: asked, context: -1, note: '' };
    if (same !== undefined) return;
    const twin = contexts.map((context) => nearTwin(rows, near, known, context)).find((one) => one !== undefined);
    if (twin) {
      yield { kind: 'near-context', ...twin };
      return;
    }
    const run = contexts.map((context) => runs.get(context)).find((one) => one !== undefined);
    if (run) yield { kind: 'run', row: known.contexts.get(run.context) ?? 0, context: run.context, note: run.text };
  }
}

interface Hit {
  readonly kind: Kind;
  readonly row: number;
  /** Context that both have, or -1. */
  readonly context: number;
  /** The row's own context, where it is only nearly the same. */
  readonly own?: number;
  readonly note: string;
}

interface Known {
  readonly ids: KeyTable;
  readonly questions: KeyTable;
  /** Contexts of the references, and the first row of each. */
  readonly contexts: ReadonlyMap<number, number>;
  /** A context of the references for each group of nearly equal ones. */
  readonly groups: ReadonlyMap<number, number>;
}

function referencesOf({ index }: LeakRows, near: NearContexts, { references }: LeakQuestion): Known {
  const ids = new KeyTable(references.length);
  const questions = new KeyTable(references.length);
  const contexts = new Map<number, number>();
  const groups = new Map<number, number>();
  for (const number of references) {
    const id = index.ids.at(number);
    if (id !== 0) ids.firstOrKeep(id, number);
    const question = index.questions.at(number);
    if (question !== 0) questions.firstOrKeep(question, number);
    for (const context of index.contextsOf(number)) {
      if (!contexts.has(context)) contexts.set(context, number);
      const group = near.groupOf(context);
      if (!groups.has(group)) groups.set(group, context);
    }
  }
  return { ids, questions, contexts, groups };
}

/** Ids that were only counted up say nothing across datasets: every one has a row-0. */
function sameNaming(rows: LeakRows, number: number, other: number): boolean {
  const row = rows.row(number);
  if (!('id' in row)) return false;
  return rows.placeOf(number).dataset === rows.placeOf(other).dataset || !/^(?:row[-_ ]?)?\d+$/i.test(row.id);
}

function nearTwin(
  rows: LeakRows,
  near: NearContexts,
  known: Known,
  context: number,
): { row: number; context: number; own: number; note: string } | undefined {
  const other = known.groups.get(near.groupOf(context));
  if (other === undefined || other === context) return undefined;
  const similarity = jaccard(shinglesOf(rows, context), shinglesOf(rows, other));
  if (similarity < STILL_NEAR) return undefined;
  return {
    row: known.contexts.get(other) ?? 0,
    context: other,
    own: context,
    note: `${Math.floor(similarity * 100)} %`,
  };
}

const shinglesOf = (rows: LeakRows, context: number): ReadonlySet<number> =>
  new Set(shingleHashes(contextText(rows, context)));

/** The text of a context of the index. */
export function contextText({ index, row }: Pick<LeakRows, 'index' | 'row'>, context: number): string {
  return viewOf(row(index.contextRows.at(context))).contexts[index.contextPlaces.at(context)] ?? '';
}

function findingOf(rows: LeakRows, question: LeakQuestion, number: number, hit: Hit, drops: LeakDrops): Finding {
  const other = rows.placeOf(hit.row);
  const where = `row ${other.row} of ${question.from}`;
  return {
    rule: `leak-${hit.kind}`,
    severity: hit.kind === 'question' && !sameAnswer(rows, number, hit.row) ? 'info' : SEVERITY[hit.kind],
    row: number,
    other,
    message: messageOf(rows, number, hit, where, question.part),
    advice:
      question.drop === 'subjects'
        ? 'Drop this row: it is not trained on then.'
        : 'Split by context (--by context), or drop the training rows.',
    fix:
      question.drop === 'subjects'
        ? { kind: 'drop-row' }
        : { kind: 'drop-row', rows: droppedRows(rows, number, hit, drops) },
  };
}

const sameAnswer = ({ index }: LeakRows, a: number, b: number): boolean => index.answers.at(a) === index.answers.at(b);

function messageOf(rows: LeakRows, number: number, { kind, row, note }: Hit, where: string, part: string): string {
  switch (kind) {
    case 'id':
      return `Its id is also that of ${where}.`;
    case 'context':
      return `Its context is, to the character, that of ${where} (this row is in ${part}).`;
    case 'question':
      return `Its question is also asked in ${where}, with ${sameAnswer(rows, number, row) ? 'the same answer' : 'another answer'}.`;
    case 'near-context':
      return `Its context is nearly that of ${where}: ${note} of the word sequences are the same.`;
    case 'run':
      return `Its context shares ${note.length} characters in a row with ${where}: “${note.slice(0, 40)}…”.`;
  }
}

/** The training rows that have what leaks, the one that the finding names first. */
function droppedRows(rows: LeakRows, number: number, hit: Hit, drops: LeakDrops): number[] {
  return drops.named(leaking(), number);

  function* leaking(): Generator<number> {
    yield hit.row;
    const { ids, questions } = rows.index;
    if (hit.kind === 'id') yield* drops.ofId(ids.at(number));
    else if (hit.kind === 'question') yield* drops.ofQuestion(questions.at(number));
    else yield* drops.ofContext(hit.context);
    if (hit.kind !== 'near-context' || hit.own === undefined) return;
    const own = shinglesOf(rows, hit.own);
    yield* drops.ofNearContexts(hit.own, (other) => jaccard(own, shinglesOf(rows, other)) >= STILL_NEAR);
  }
}
