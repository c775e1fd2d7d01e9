import { programVersion } from '../../src/datasets/program-version.ts';
import type { Method, Params, Result } from '../../src/kb/protocol.ts';
import { RagtuiError } from '../../src/platform/errors.ts';
import type { ColumnResult, CompareRequest } from '../../src/rag/compare.ts';
import { comparedColumn, headOf } from '../../src/rag/comparisons/record.ts';
import {
  type ColumnSet,
  type ComparisonRecord,
  columnSetSchema,
  comparedColumnSchema,
  comparisonRecordSchema,
  type KeptComparison,
  voteSchema,
} from '../../src/rag/comparisons/types.ts';

type Handlers = { readonly [M in Method]?: (params: Params<M>) => Result<M> };

/** What the kb service keeps of comparisons, in memory. */
export interface KeptComparisons {
  readonly all: Map<number, KeptComparison>;
  readonly sets: Map<string, ColumnSet>;
  readonly add: (record: ComparisonRecord) => number;
  /** For `fakeKb`. */
  readonly handlers: Handlers;
}

export function keptComparisons(): KeptComparisons {
  const all = new Map<number, KeptComparison>();
  const trash = new Map<number, KeptComparison>();
  const sets = new Map<string, ColumnSet>();
  const get = (id: number): KeptComparison => {
    const kept = all.get(id);
    if (!kept) throw new RagtuiError('not-found', `There is no comparison ${id}.`);
    return kept;
  };
  const add = (record: ComparisonRecord): number => {
    const id = all.size + trash.size + 1;
    all.set(id, { ...record, id, at: '2026-11-23T06:00:00.000Z', votes: [] });
    return id;
  };
  const handlers: Handlers = {
    'comparisons.add': ({ record }) => ({ id: add(recordOf(record)) }),
    'comparisons.column': ({ id, column, result }) => {
      const kept = get(id);
      all.set(id, {
        ...kept,
        columns: kept.columns.map((one, at) => (at === column ? comparedColumnSchema.parse(result) : one)),
      });
      return {};
    },
    'comparisons.list': () => ({
      total: all.size,
      comparisons: [...all.values()].reverse().map(({ id, at, question, kb, state, columns, votes }) => ({
        id,
        at,
        question,
        kb,
        state,
        columns: columns.map(({ column, state: each }) => ({ name: column.name, llm: column.llm, state: each })),
        vote: votes.at(-1)?.choice ?? null,
      })),
    }),
    'comparisons.get': ({ id }) => get(id),
    'comparisons.remove': ({ id }) => {
      trash.set(id, get(id));
      all.delete(id);
      return {};
    },
    'comparisons.restore': ({ id }) => {
      const gone = trash.get(id);
      if (gone) all.set(id, gone);
      trash.delete(id);
      return {};
    },
    'comparisons.vote': ({ id, vote }) => {
      const at = '2026-11-23T06:01:00.000Z';
      const votes = vote ? [voteSchema.parse({ ...vote, comparison: id, at })] : [];
      const kept = { ...get(id), votes };
      all.set(id, kept);
      return kept;
    },
    'comparisons.votes': () =>
      [...all.values()].flatMap(({ votes, question, kb, columns }) =>
        votes.map((vote) => ({
          vote,
          question,
          kb,
          columns: columns.map(({ column, state }) => ({ column, state, embedder: null, digest: null })),
        })),
      ),
    'columnSets.list': () => [...sets.values()],
    'columnSets.save': ({ set }) => {
      sets.set(set.name, columnSetOf(set));
      return {};
    },
    'columnSets.remove': ({ name }) => {
      sets.delete(name);
      return {};
    },
  };
  return { all, sets, add, handlers };
}

const recordOf = (record: Params<'comparisons.add'>['record']): ComparisonRecord =>
  comparisonRecordSchema.parse(record);
const columnSetOf = (set: Params<'columnSets.save'>['set']): ColumnSet => columnSetSchema.parse(set);

/** A comparison that has ended, as the history has it. */
export function recordOfRequest(request: CompareRequest, results: readonly ColumnResult[]): ComparisonRecord {
  return {
    ...headOf(request),
    columns: results.map((result) => comparedColumn(result, null)),
    kbState: null,
    state: 'ended',
    programVersion: programVersion(),
  };
}
