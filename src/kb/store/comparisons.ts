import { z } from 'zod';
import type { ComparisonColumnRow, ComparisonRow, ListWish } from '../../db/comparisons-table.ts';
import type { Tables } from '../../db/tables.ts';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import {
  type ComparedColumn,
  type ComparisonHead,
  comparedColumnSchema,
  comparisonRecordSchema,
  comparisonSummarySchema,
  gatheredSchema,
  type KbState,
  type KeptComparison,
  keptComparisonSchema,
  type Vote,
  voteSchema,
} from '../../rag/comparisons/types.ts';
import { columnSchema } from '../../rag/types.ts';
import type { ParsedParams, Result } from '../protocol.ts';
import { now, requireKb, type StoreContext, textHash } from './context.ts';

/** What a stored head holds; the rest of a comparison is in its columns. */
const keptHeadSchema = comparisonRecordSchema.omit({ columns: true, state: true });
const listedColumnsSchema = comparisonSummarySchema.shape.columns;
const keptVoteSchema = voteSchema.omit({ comparison: true, at: true });

/** Which comparisons are being made at this moment, and by whose connection. */
export class RunningComparisons {
  readonly #clients = new Map<number, number>();

  begin(id: number, client: number): void {
    this.#clients.set(id, client);
  }

  end(id: number): void {
    this.#clients.delete(id);
  }

  /** What a client that went away did not end is cut. */
  endOf(client: number): void {
    for (const [id, owner] of this.#clients) if (owner === client) this.#clients.delete(id);
  }

  state(row: Pick<ComparisonRow, 'id' | 'state'>): KeptComparison['state'] {
    if (row.state !== 'open') return row.state;
    return this.#clients.has(row.id) ? 'running' : 'cut';
  }
}

/** Revision, size and embedders of a knowledge base. Errors: `not-found`. */
export function kbStateOf(tables: Tables, name: string): KbState {
  const { id } = requireKb(tables, name);
  const { n, last, sum } = tables.comparisons.kbState(id);
  const groups = tables.kb.groups(id).map((group) => group.spec);
  return {
    revision: textHash(JSON.stringify([n, last, sum, groups])).toString('hex'),
    documents: n,
    embedders: Object.fromEntries(
      tables.comparisons.fingerprints(id).map((row) => [row.name, row.fp?.toString('hex') ?? null]),
    ),
  };
}

export async function beginComparison(context: StoreContext, head: ComparisonHead): Promise<number> {
  const kbState = knownState(context.read, head.kb);
  return context.db.writer.run(() => insertHead(context.write, head, kbState));
}

function knownState(tables: Tables, kb: string): KbState | null {
  try {
    return kbStateOf(tables, kb);
  } catch (error) {
    if (toRagtuiError(error).code === 'not-found') return null;
    throw error;
  }
}

function insertHead(tables: Tables, { columns, ...head }: ComparisonHead, kbState: KbState | null): number {
  const words = [head.question, head.kb, head.source].concat(
    columns.flatMap(({ name, llm, embedder = '', prompt }) => [name, llm, embedder, prompt]),
  );
  const id = tables.comparisons.insert(
    now(),
    head.kb,
    head.question,
    words.join('\n').toLowerCase(),
    JSON.stringify({ ...head, kbState }),
  );
  for (const [ord, column] of columns.entries()) {
    tables.comparisons.insertColumn(id, ord, column.name, column.llm, JSON.stringify(column));
  }
  return id;
}

export async function addComparison(
  context: StoreContext,
  { record }: ParsedParams<'comparisons.add'>,
): Promise<number> {
  const { columns, state, kbState, ...head } = record;
  return context.db.writer.run(() => {
    const { comparisons } = context.write;
    const id = insertHead(context.write, { ...head, columns: columns.map(({ column }) => column) }, kbState);
    for (const [ord, column] of columns.entries()) comparisons.endColumn(id, ord, column.state, JSON.stringify(column));
    comparisons.end(id, state === 'ended' ? 'ended' : 'cut');
    return id;
  });
}

export async function keepSaid(context: StoreContext, { id, pieces }: ParsedParams<'comparisons.said'>): Promise<void> {
  await context.db.writer.run(() => {
    requireRow(context.write, id);
    for (const { column, text, gathered } of pieces) {
      context.write.comparisons.say(id, column, text, gathered === undefined ? null : JSON.stringify(gathered));
    }
  });
}

export async function keepColumn(context: StoreContext, params: ParsedParams<'comparisons.column'>): Promise<void> {
  const { id, column, result } = params;
  const kept = await context.db.writer.run(() =>
    context.write.comparisons.endColumn(id, column, result.state, JSON.stringify(result)),
  );
  if (!kept) throw new RagtuiError('not-found', `There is no column ${column} of a comparison ${id} in the history.`);
}

export async function endComparison(context: StoreContext, { id, state }: ParsedParams<'comparisons.end'>) {
  if (!(await context.db.writer.run(() => context.write.comparisons.end(id, state)))) throw noComparison(id);
}

export function listComparisons(
  context: StoreContext,
  running: RunningComparisons,
  { filter, voted, limit, offset }: ParsedParams<'comparisons.list'>,
): Result<'comparisons.list'> {
  const { comparisons } = context.read;
  const words = filter.toLowerCase().split(/\s+/u).filter(Boolean);
  const wish: ListWish = { words: JSON.stringify(words), voted: voted === undefined ? null : Number(voted) };
  return {
    total: comparisons.count(wish),
    comparisons: comparisons.list(wish, limit, offset).map((row) => ({
      id: row.id,
      at: row.at,
      question: row.question,
      kb: row.kb,
      state: running.state(row),
      columns: listedColumnsSchema.parse(JSON.parse(row.columns)),
      vote: row.vote === null ? null : keptVoteSchema.parse(JSON.parse(row.vote)).choice,
    })),
  };
}

export function getComparison(context: StoreContext, running: RunningComparisons, id: number): KeptComparison {
  const row = requireRow(context.read, id);
  const state = running.state(row);
  return keptComparisonSchema.parse({
    ...keptHeadSchema.parse(JSON.parse(row.head)),
    id,
    at: row.at,
    state,
    columns: context.read.comparisons.columns(id).map((column) => keptColumn(column, state)),
    votes: votesOf(context.read, id),
  });
}

/** A column as it ended; one that did not, with what it had said, found and sent. */
function keptColumn(row: ComparisonColumnRow, state: KeptComparison['state']): ComparedColumn {
  if (row.body !== null) return comparedColumnSchema.parse(JSON.parse(row.body));
  const message = state === 'running' ? 'It is being asked.' : 'The program was stopped before this column ended.';
  return {
    column: columnSchema.parse(JSON.parse(row.settings)),
    state: 'cancelled',
    answer: null,
    partial: row.said,
    gathered: row.gathered === null ? null : gatheredSchema.parse(JSON.parse(row.gathered)),
    error: { code: 'cancelled', message, hint: '' },
    metrics: {},
    server: {},
  };
}

function votesOf(tables: Tables, id: number): Vote[] {
  const row = tables.comparisons.vote(id);
  return row ? [{ ...keptVoteSchema.parse(JSON.parse(row.body)), comparison: id, at: row.at }] : [];
}

export async function removeComparison(context: StoreContext, id: number): Promise<void> {
  if (!(await context.db.writer.run(() => context.write.comparisons.trash(id, now())))) throw noComparison(id);
}

export async function restoreComparison(context: StoreContext, id: number): Promise<void> {
  if (!(await context.db.writer.run(() => context.write.comparisons.trash(id, null)))) throw noComparison(id);
}

/** Adds, replaces or (null) withdraws the vote. Errors: `invalid` for columns the comparison does not have. */
export async function voteOn(context: StoreContext, { id, vote }: ParsedParams<'comparisons.vote'>): Promise<void> {
  await context.db.writer.run(() => {
    const { comparisons } = context.write;
    requireRow(context.write, id);
    if (!vote) return comparisons.dropVote(id);
    const names = comparisons.columns(id).map(({ name }) => name);
    const named = [...vote.shown, ...(vote.choice.kind === 'column' ? [vote.choice.column] : [])];
    const unknown = named.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new RagtuiError('invalid', `Comparison ${id} has no column "${unknown}".`, `It has: ${names.join(', ')}.`);
    }
    if (vote.choice.kind === 'column' && !vote.shown.includes(vote.choice.column)) {
      throw new RagtuiError('invalid', `"${vote.choice.column}" was chosen without having been shown.`);
    }
    if (new Set(vote.shown).size < vote.shown.length) {
      throw new RagtuiError('invalid', 'A column is shown twice in this vote.');
    }
    return comparisons.setVote(id, now(), JSON.stringify(vote));
  });
}

export function listVotes(context: StoreContext): Result<'comparisons.votes'> {
  const byId = new Map<number, Result<'comparisons.votes'>[number]>();
  for (const row of context.read.comparisons.voted()) {
    const { id, at, question, kb, embedder, digest } = row;
    const vote = { ...keptVoteSchema.parse(JSON.parse(row.vote)), comparison: id, at };
    const voted = byId.get(id) ?? { vote, question, kb, columns: [] };
    const column = columnSchema.parse(JSON.parse(row.settings));
    voted.columns.push({ column, state: row.state === 'open' ? 'cancelled' : row.state, embedder, digest });
    byId.set(id, voted);
  }
  return [...byId.values()];
}

/** Deletes what has been in the trash since before then, a batch at a time. */
export async function purgeComparisons(context: StoreContext, before: string): Promise<void> {
  const BATCH = 50;
  while (
    context.read.comparisons.expired(before) > 0 &&
    (await context.db.writer.run(() => context.write.comparisons.purge(before, BATCH)))
  );
}

export function listColumnSets(context: StoreContext): Result<'columnSets.list'> {
  const columns = z.array(columnSchema);
  return context.read.columnSets.list().map((row) => ({ ...row, columns: columns.parse(JSON.parse(row.columns)) }));
}

export async function saveColumnSet(context: StoreContext, { set }: ParsedParams<'columnSets.save'>): Promise<void> {
  const names = set.columns.map(({ name }) => name);
  if (new Set(names).size < names.length) throw new RagtuiError('invalid', 'Two columns of the set have one name.');
  await context.db.writer.run(() => context.write.columnSets.save(set.name, now(), JSON.stringify(set.columns)));
}

export async function removeColumnSet(context: StoreContext, name: string): Promise<void> {
  if (await context.db.writer.run(() => context.write.columnSets.remove(name))) return;
  const names = context.read.columnSets.list().map((one) => one.name);
  const hint = names.length > 0 ? `There are: ${names.join(', ')}.` : 'Save one with: ragtui compare … --save-set NAME';
  throw new RagtuiError('not-found', `There are no saved columns "${name}".`, hint);
}

function requireRow(tables: Tables, id: number): ComparisonRow {
  const row = tables.comparisons.byId(id);
  if (!row) throw noComparison(id);
  return row;
}

const noComparison = (id: number): RagtuiError =>
  new RagtuiError('not-found', `There is no comparison ${id} in the history.`, 'See: ragtui compare history');
