import { createStore, type StoreApi } from 'zustand/vanilla';
import type { JobId, JobView } from '../src/jobs/types.ts';
import type { Result } from '../src/kb/protocol.ts';
import {
  type Chunk,
  type DocumentSummary,
  type IngestReport,
  ingestReportSchema,
  type KnowledgeBase,
  type NodeGroup,
  type SearchMode,
  type SearchResult,
} from '../src/kb/types.ts';
import { type RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { JobsStore } from './jobs.ts';
import type { WorkspaceStore } from './workspace.ts';

const PAGE = 200;
/** While an ingest runs its documents are read again this often at most. */
const FOLLOW_MS = 1500;

export interface DocumentsPage {
  readonly kb: string;
  readonly total: number;
  /** From the first document on; more are fetched as the cursor nears the end. */
  readonly rows: readonly DocumentSummary[];
  readonly filter: string;
  readonly failedOnly: boolean;
  readonly loading: boolean;
}

export interface OpenDocument {
  readonly document: Result<'kb.document'>;
  readonly group: string;
  readonly total: number;
  readonly chunks: readonly Chunk[];
}

export interface SearchBench {
  readonly query: string;
  readonly mode: SearchMode;
  readonly topK: number;
  readonly instruction: boolean;
  readonly running: boolean;
  readonly result: SearchResult | null;
  readonly error: RagtuiError | null;
}

export type Verification = { readonly kb: string; readonly result: Result<'kb.verify'> | null };

export interface KbState {
  readonly list: readonly KnowledgeBase[] | null;
  readonly error: RagtuiError | null;
  readonly selected: string | null;
  readonly documents: DocumentsPage | null;
  readonly open: OpenDocument | null;
  readonly bench: SearchBench;
  readonly verification: Verification | null;
  /** Removed in this session, newest last: what "undo" brings back. */
  readonly removed: readonly { readonly kb: string; readonly document: DocumentSummary }[];
  /** Ingest job of a knowledge base, the last one we know of. */
  readonly ingests: Readonly<Record<string, JobId>>;
  readonly reports: Readonly<Record<string, IngestReport>>;
  refresh(): Promise<void>;
  select(name: string): Promise<void>;
  loadDocuments(change?: { filter?: string; failedOnly?: boolean }): Promise<void>;
  loadMore(): Promise<void>;
  openDocument(id: number, group?: string): Promise<void>;
  closeDocument(): void;
  create(name: string, groups: readonly NodeGroup[], embedders: readonly string[]): Promise<KnowledgeBase>;
  remove(name: string): Promise<void>;
  verify(name: string): Promise<void>;
  closeVerification(): void;
  switchEmbedder(name: string, embedder: string): Promise<void>;
  /** Back to the embedder before the last switch. */
  rollback(name: string): Promise<void>;
  /** Starts the build of another embedder's index, beside the live one. */
  shadow(name: string, embedder: string): Promise<JobId>;
  removeDocument(document: DocumentSummary): Promise<void>;
  undoRemove(): Promise<DocumentSummary | null>;
  configureBench(change: Partial<Pick<SearchBench, 'query' | 'mode' | 'topK' | 'instruction'>>): void;
  search(query?: string): Promise<void>;
  /** Starts an ingest job. `groups` and `embedders` default to those the knowledge base has; `watch` goes on until stopped. */
  ingest(name: string, roots: readonly string[], extra?: IngestExtra): Promise<JobId>;
}
export interface IngestExtra {
  readonly groups?: readonly NodeGroup[];
  readonly embedders?: readonly string[];
  readonly watch?: boolean;
}
export type KbStore = StoreApi<KbState>;

export interface KbDependencies {
  readonly workspace: WorkspaceStore;
  readonly jobs: JobsStore;
}

/** Knowledge bases and what is looked at in the selected one. Actions reject with RagtuiError; reads put theirs in `error`. */
export function createKbStore({ workspace, jobs }: KbDependencies): KbStore {
  const { call } = workspace.getState();
  // Answers that come late, after another base or filter was chosen, are dropped by comparing these.
  let documentsTurn = 0;
  let openTurn = 0;
  let searching: AbortController | null = null;

  const store = createStore<KbState>()((set, get) => ({
    list: null,
    error: null,
    selected: null,
    documents: null,
    open: null,
    bench: { query: '', mode: 'hybrid', topK: 5, instruction: true, running: false, result: null, error: null },
    verification: null,
    removed: [],
    ingests: {},
    reports: {},
    refresh: async () => {
      try {
        const list = await call('kb.list', {});
        const { selected } = get();
        const still = list.some((kb) => kb.name === selected) ? selected : (list[0]?.name ?? null);
        set({ list, error: null });
        if (still !== selected) await (still ? get().select(still) : clear());
      } catch (error) {
        set({ error: toRagtuiError(error) });
      }
    },
    select: async (name) => {
      openTurn++;
      searching?.abort();
      set((state) => ({
        selected: name,
        open: null,
        documents: null,
        bench: { ...state.bench, running: false, result: null, error: null },
      }));
      await get().loadDocuments({ filter: '', failedOnly: false });
    },
    loadDocuments: async (change = {}) => {
      const kb = get().selected;
      if (!kb) return;
      const before = get().documents;
      const filter = change.filter ?? before?.filter ?? '';
      const failedOnly = change.failedOnly ?? before?.failedOnly ?? false;
      const turn = ++documentsTurn;
      set({
        documents: { kb, filter, failedOnly, total: before?.total ?? 0, rows: before?.rows ?? [], loading: true },
      });
      try {
        const limit = Math.min(1000, Math.max(PAGE, before?.rows.length ?? 0));
        const state = failedOnly ? 'failed' : 'all';
        const page = await call('kb.documents', { kb, offset: 0, limit, filter, state });
        if (turn !== documentsTurn) return;
        set({ documents: { kb, filter, failedOnly, total: page.total, rows: page.documents, loading: false } });
      } catch (error) {
        if (turn !== documentsTurn) return;
        set({ error: toRagtuiError(error), documents: null });
      }
    },
    loadMore: async () => {
      const page = get().documents;
      if (!page || page.loading || page.rows.length >= page.total) return;
      const turn = documentsTurn;
      set({ documents: { ...page, loading: true } });
      try {
        const state = page.failedOnly ? 'failed' : 'all';
        const { kb, filter } = page;
        const next = await call('kb.documents', { kb, offset: page.rows.length, limit: PAGE, filter, state });
        if (turn !== documentsTurn) return;
        set({ documents: { ...page, total: next.total, rows: [...page.rows, ...next.documents], loading: false } });
      } catch (error) {
        if (turn === documentsTurn) set({ error: toRagtuiError(error), documents: { ...page, loading: false } });
      }
    },
    openDocument: async (id, wanted) => {
      const kb = get().list?.find((each) => each.name === get().selected);
      const group = wanted ?? get().open?.group ?? kb?.groups[0]?.name;
      if (!kb || !group) return;
      const turn = ++openTurn;
      try {
        const [document, page] = await Promise.all([
          call('kb.document', { kb: kb.name, id }),
          call('kb.chunks', { kb: kb.name, documentId: id, group, offset: 0, limit: 1000 }),
        ]);
        if (turn === openTurn) set({ open: { document, group, total: page.total, chunks: page.chunks } });
      } catch (error) {
        if (turn === openTurn) set({ error: toRagtuiError(error) });
      }
    },
    closeDocument: () => {
      openTurn++;
      set({ open: null });
    },
    create: async (name, groups, embedders) => {
      const made = await call('kb.create', { name, groups: [...groups], embedders: [...embedders] });
      await get().refresh();
      await get().select(made.name);
      return made;
    },
    remove: async (name) => {
      await call('kb.delete', { kb: name });
      await get().refresh();
    },
    verify: async (name) => {
      set({ verification: { kb: name, result: null } });
      try {
        const result = await call('kb.verify', { kb: name });
        set((state) => (state.verification?.kb === name ? { verification: { kb: name, result } } : {}));
        await get().refresh();
      } catch (error) {
        set({ verification: null });
        throw toRagtuiError(error);
      }
    },
    closeVerification: () => set({ verification: null }),
    switchEmbedder: async (name, embedder) => {
      await call('kb.switch', { kb: name, embedder });
      await get().refresh();
    },
    rollback: async (name) => {
      await call('kb.rollback', { kb: name });
      await get().refresh();
    },
    shadow: (name, embedder) =>
      jobs.getState().launch(`index ${name} with ${embedder}`, { kind: 'shadow', kb: name, embedder }),
    removeDocument: async (document) => {
      const kb = get().selected;
      if (!kb) return;
      await call('kb.remove', { kb, id: document.id });
      set((state) => ({
        removed: [...state.removed, { kb, document }],
        open: state.open?.document.id === document.id ? null : state.open,
      }));
      await Promise.all([get().refresh(), get().loadDocuments()]);
    },
    undoRemove: async () => {
      const last = get().removed.at(-1);
      if (!last) return null;
      await call('kb.restore', { kb: last.kb, id: last.document.id });
      set((state) => ({ removed: state.removed.slice(0, -1) }));
      await Promise.all([get().refresh(), get().loadDocuments()]);
      return last.document;
    },
    configureBench: (change) => set((state) => ({ bench: { ...state.bench, ...change } })),
    search: async (query) => {
      const kb = get().selected;
      const bench = { ...get().bench, ...(query === undefined ? {} : { query }) };
      if (!kb || !bench.query.trim()) return;
      searching?.abort();
      const owner = new AbortController();
      searching = owner;
      set({ bench: { ...bench, running: true, error: null } });
      const end = (change: Partial<SearchBench>): void => {
        if (searching !== owner) return;
        searching = null;
        set((state) => ({ bench: { ...state.bench, running: false, ...change } }));
      };
      try {
        const { mode, topK, instruction } = bench;
        const group = get().open?.group;
        const request = { kb, query: bench.query, mode, topK, instruction, ...(group ? { group } : {}) };
        end({ result: await call('search', request, { signal: owner.signal }) });
      } catch (error) {
        end({ result: null, error: toRagtuiError(error) });
      }
    },
    ingest: async (name, roots, extra = {}) => {
      const kb = get().list?.find((each) => each.name === name);
      const groups = [...(extra.groups ?? kb?.groups ?? [])];
      const work = {
        kind: 'ingest' as const,
        kb: name,
        roots: [...roots],
        groups,
        embedders: [...(extra.embedders ?? kb?.embedders ?? [])],
        watch: extra.watch ?? false,
        prune: false,
      };
      const id = await jobs.getState().launch(`${work.watch ? 'watch for' : 'ingest into'} ${name}`, work);
      set((state) => ({ ingests: { ...state.ingests, [name]: id } }));
      return id;
    },
  }));

  const clear = (): void => store.setState({ selected: null, documents: null, open: null, verification: null });

  // After a restart of the service our numbers may be old.
  workspace.getState().onRestart(() => void store.getState().refresh());
  jobs.getState().onEnd((job) => {
    if (job.spec.work.kind === 'shadow') void store.getState().refresh();
    if (job.spec.work.kind !== 'ingest') return;
    const { refresh, loadDocuments, selected } = store.getState();
    const { kb } = job.spec.work;
    void refresh().then(() => (selected === kb ? loadDocuments() : undefined));
  });
  let waits = false;
  /** Shows what an ingest has finished so far, in the list and in the documents of the selected base. */
  const followIngest = async (): Promise<void> => {
    const { refresh, loadDocuments, selected, ingests, documents } = store.getState();
    const job = jobs.getState().list?.find(({ spec }) => spec.id === ingests[selected ?? '']);
    const begun = job?.state === 'running' && job.progress !== null;
    // A build beside the live index shows in the list alone.
    if (!begun && jobs.getState().list?.some(isRunningShadow)) await refresh();
    if (!begun || documents?.loading) return;
    await refresh();
    await loadDocuments();
  };
  jobs.subscribe((state, earlier) => {
    // The timer waits for more: what comes last is read too, a moment later.
    if (state.list !== earlier.list && !waits) {
      waits = true;
      setTimeout(() => {
        waits = false;
        void followIngest();
      }, FOLLOW_MS).unref();
    }
    // The newest ingest of each base; the list is newest first.
    const ingests: Record<string, JobId> = {};
    const reports: Record<string, IngestReport> = {};
    for (const { spec } of state.list ?? []) {
      if (spec.work.kind !== 'ingest' || ingests[spec.work.kb]) continue;
      ingests[spec.work.kb] = spec.id;
      const report = ingestReportSchema.safeParse(state.artifacts[spec.id]?.['report']);
      if (report.success) reports[spec.work.kb] = report.data;
    }
    const before = store.getState();
    if (!sameRecord(before.ingests, ingests) || !sameReports(before.reports, reports)) {
      store.setState({ ingests, reports });
    }
  });
  return store;
}

const isRunningShadow = ({ spec, state }: JobView): boolean => spec.work.kind === 'shadow' && state === 'running';

function sameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

function sameReports(a: Readonly<Record<string, IngestReport>>, b: Readonly<Record<string, IngestReport>>): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
