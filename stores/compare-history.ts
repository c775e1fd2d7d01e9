import { programVersion } from '../src/datasets/program-version.ts';
import type { KbClient, Result } from '../src/kb/protocol.ts';
import type { SearchResult } from '../src/kb/types.ts';
import { errorCode, RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { ColumnResult } from '../src/rag/compare.ts';
import { type ExportFormat, exportComparison, exportName } from '../src/rag/comparisons/export/export.ts';
import { comparedColumn } from '../src/rag/comparisons/record.ts';
import type {
  ColumnSet,
  ComparedColumn,
  ComparisonRecord,
  ComparisonSummary,
  KeptComparison,
} from '../src/rag/comparisons/types.ts';
import type { Answer } from '../src/rag/types.ts';
import type { ColumnRun, CompareAccess, ComparePort, ComparisonRun } from './compare.ts';
import { columnsOf } from './compare-columns.ts';
import { createStreamBuffer } from './stream-buffer.ts';

type Kb = Pick<KbClient, 'call'>;

/** What was compared before, and the sets of columns that have a name. */
export interface HistorySlice {
  /** Newest first; null = not read yet. */
  readonly history: readonly ComparisonSummary[] | null;
  readonly historyTotal: number;
  readonly historyError: RagtuiError | null;
  /** The one under the cursor, whole. */
  readonly preview: KeptComparison | null;
  /** The one that was deleted last, to be brought back. */
  readonly forgotten: number | null;
  readonly sets: readonly ColumnSet[];
  /** Never rejects. */
  loadHistory(): Promise<void>;
  /** Reads one for its preview. Never rejects. */
  showPreview(id: number): Promise<void>;
  /** Puts a kept comparison on screen as it was: its columns, its answers. Errors: `not-found`. */
  reopen(id: number): Promise<KeptComparison>;
  forget(id: number): Promise<void>;
  /** Brings back what was forgotten last; false = there is nothing. */
  remember(): Promise<boolean>;
  /** After one column was asked again: `same` replaces it in what is kept, else the whole is kept anew. */
  keepAgain(slot: number, same: boolean): Promise<void>;
  /** Writes a kept comparison (default: the one on screen) as a document; gives its path. Errors: `unavailable`, `not-found`. */
  exportKept(format: ExportFormat, id?: number): Promise<string>;
  loadSets(): Promise<void>;
  saveSet(name: string): Promise<void>;
  removeSet(name: string): Promise<void>;
}

export interface HistoryDependencies {
  readonly connect: () => Promise<Kb>;
  readonly compare: Pick<ComparePort, 'changes' | 'export'>;
}

const MOST = 300;

export function createHistorySlice(
  { get, set }: CompareAccess,
  { connect, compare }: HistoryDependencies,
): HistorySlice {
  const one = async (id: number): Promise<Result<'comparisons.get'>> =>
    (await connect()).call('comparisons.get', { id });
  return {
    history: null,
    historyTotal: 0,
    historyError: null,
    preview: null,
    forgotten: null,
    sets: [],
    loadHistory: async () => {
      try {
        const { total, comparisons } = await (await connect()).call('comparisons.list', { limit: MOST });
        set({ history: comparisons, historyTotal: total, historyError: null });
      } catch (error) {
        set({ historyError: toRagtuiError(error) });
      }
    },
    showPreview: async (id) => {
      if (get().preview?.id === id) return;
      const preview = await one(id).catch(() => null);
      set({ preview });
    },
    reopen: async (id) => {
      const kept = await one(id);
      get().cancel();
      const columns = kept.columns.map(({ column }) => column);
      get().load(columns, (ids) => reopenedRun(kept, ids));
      set({
        kb: kept.kb,
        order: kept.order.mode,
        references: kept.references,
        passage: kept.passage ?? '',
        source: kept.source,
        about: kept.question,
        blind: 'off',
        blindSeed: null,
        error: null,
      });
      const { run } = get();
      const changes = await compare.changes(kept).catch(() => []);
      // Whoever asked again meanwhile sees the answers of now.
      if (run && get().run === run) set({ run: { ...run, changes } });
      return kept;
    },
    forget: async (id) => {
      await (await connect()).call('comparisons.remove', { id });
      const { history, historyTotal } = get();
      set({
        forgotten: id,
        historyTotal: Math.max(0, historyTotal - 1),
        ...(history ? { history: history.filter((one) => one.id !== id) } : {}),
      });
    },
    remember: async () => {
      const { forgotten } = get();
      if (forgotten === null) return false;
      await (await connect()).call('comparisons.restore', { id: forgotten });
      set({ forgotten: null });
      await get().loadHistory();
      return true;
    },
    keepAgain: async (slot, same) => {
      const { run, slots } = get();
      if (!run) return;
      const at = slots.findIndex(({ id }) => id === slot);
      const result = run.columns.get(slot)?.result;
      if (!result) return;
      try {
        const kb = await connect();
        if (same && run.kept !== null) {
          await kb.call('comparisons.column', { id: run.kept, column: at, result: comparedColumn(result, null) });
          return;
        }
        const record = recordOf(
          run,
          slots.map(({ id }) => id),
        );
        if (!record) return;
        const { id } = await kb.call('comparisons.add', { record });
        if (get().run?.key === run.key) set({ run: { ...run, kept: id, reopened: null, vote: null } });
      } catch (error) {
        if (get().run?.key === run.key) set({ run: { ...run, fault: toRagtuiError(error) } });
      }
    },
    exportKept: async (format, id) => {
      const wanted = id ?? get().run?.kept ?? null;
      if (wanted === null) {
        throw new RagtuiError('unavailable', 'The comparison is not in the history.', 'Ask again, then export it.');
      }
      const kept = await one(wanted);
      return compare.export(exportName(kept, format), exportComparison(kept, format));
    },
    loadSets: async () => set({ sets: await (await connect()).call('columnSets.list', {}) }),
    saveSet: async (name) => {
      const columns = columnsOf(get().slots);
      await (await connect()).call('columnSets.save', { set: { name, columns } });
      await get().loadSets();
    },
    removeSet: async (name) => {
      await (await connect()).call('columnSets.remove', { name });
      await get().loadSets();
    },
  };
}

/** What is on screen as a record; null while a column is still asked. */
function recordOf(run: ComparisonRun, ids: readonly number[]): ComparisonRecord | null {
  const columns = ids.flatMap((id) => {
    const result = run.columns.get(id)?.result;
    return result ? [comparedColumn(result, null)] : [];
  });
  const names = run.sequence.flatMap((id) => run.columns.get(id)?.column.name ?? []);
  if (columns.length === 0) return null;
  return {
    format: 1,
    question: run.question,
    kb: run.kb,
    order: { mode: run.order, sequence: names },
    passage: run.passage || null,
    references: [...run.references],
    source: run.source,
    columns,
    kbState: null,
    state: 'ended',
    programVersion: programVersion(),
  };
}

/** A kept comparison as if it had just ended, with the answers it had. */
function reopenedRun(kept: KeptComparison, ids: readonly number[]): ComparisonRun {
  const byName = new Map(kept.columns.map(({ column }, at) => [column.name, ids[at] ?? -1]));
  return {
    key: -kept.id,
    question: kept.question,
    kb: kept.kb,
    order: kept.order.mode,
    sequence: kept.order.sequence.flatMap((name) => byName.get(name) ?? []),
    columns: new Map(
      kept.columns.flatMap((column, at) => (ids[at] === undefined ? [] : [[ids[at], reopenedColumn(column)] as const])),
    ),
    underWay: false,
    version: 0,
    references: kept.references,
    passage: kept.passage ?? '',
    source: kept.source,
    kept: kept.id,
    fault: null,
    reopened: kept.at,
    changes: [],
    vote: kept.votes.at(-1)?.choice ?? null,
  };
}

function reopenedColumn({
  column,
  state,
  answer,
  partial,
  gathered,
  error,
  metrics,
  server,
}: ComparedColumn): ColumnRun {
  const fault = error && new RagtuiError(errorCode(error.code), error.message, error.hint);
  const facts = Object.fromEntries(Object.entries(server).map(([key, value]) => [key, String(value)]));
  const result: ColumnResult = { column, state, answer, partial, error: fault, metrics, server: facts };
  return {
    column,
    phase: 'ended',
    status: '',
    startedAt: 0,
    endedAt: answer?.timing.totalMs ?? 0,
    search: searchOf(column.mode, answer, gathered?.hits ?? []),
    messages: answer?.messages ?? gathered?.messages ?? [],
    promptTokens: answer?.usage.promptTokens ?? null,
    cut: answer?.cut ?? '',
    buffer: { ...createStreamBuffer(), text: partial, reasoning: gathered?.reasoning ?? '' },
    result,
  };
}

function searchOf(mode: SearchResult['mode'], answer: Answer | null, hits: SearchResult['hits']): SearchResult {
  return {
    hits: answer?.hits ?? hits,
    embedder: answer?.models.embedder ?? null,
    group: answer?.pipeline.group ?? '',
    mode,
    search: 'none',
    timing: { embeddingMs: answer?.timing.embeddingMs ?? 0, retrievalMs: answer?.timing.retrievalMs ?? 0, rerankMs: 0 },
    relevant: answer?.relevant ?? true,
  };
}
