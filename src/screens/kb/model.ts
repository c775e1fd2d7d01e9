import { createStore, type StoreApi } from 'zustand/vanilla';
import { createPreviewStore, type PreviewStore } from '../../../stores/preview.ts';
import type { JobView } from '../../jobs/types.ts';
import type { Chunk, ChunkDraft, DocumentSummary, Hit, KnowledgeBase } from '../../kb/types.ts';
import { createEditorModel, type EditorModel } from '../../ui/editor-model.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import type { NavigationTarget } from '../../ui/screen.ts';
import { createStreamModel, type StreamModel } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import { drawable } from '../drawable.ts';

/** What lies beside the list of knowledge bases. */
export type KbView = 'documents' | 'chunks' | 'bench' | 'preview';

export interface KbModel {
  readonly context: ScreenContext;
  readonly view: StoreApi<{ readonly view: KbView }>;
  readonly show: (view: KbView) => void;
  readonly bases: ListModel<KnowledgeBase>;
  readonly documents: ListModel<DocumentSummary>;
  /** `documents` with the filter of the service: it sees documents that are not on screen yet. */
  readonly documentsTarget: NavigationTarget;
  readonly chunks: ListModel<Chunk>;
  /** The text of the open document, or of the one whose cutting is tried. */
  readonly text: StreamModel;
  readonly query: EditorModel;
  readonly hits: ListModel<Hit>;
  readonly preview: PreviewStore;
  readonly spec: EditorModel;
  readonly pieces: ListModel<ChunkDraft>;
  readonly base: () => KnowledgeBase | undefined;
  /** The ingest job of the selected base, running or the last one. */
  readonly ingest: () => JobView | undefined;
  /** The newest build of another embedder's index for the selected base. */
  readonly shadow: () => JobView | undefined;
  readonly openDocument: () => Promise<void>;
  readonly openPreview: () => Promise<void>;
}

const NO_BASES: readonly KnowledgeBase[] = [];
const NO_DOCUMENTS: readonly DocumentSummary[] = [];
const NO_CHUNKS: readonly Chunk[] = [];
const NO_HITS: readonly Hit[] = [];
/** The next page is fetched when the cursor comes this near to the end. */
const NEAR_END = 50;

export function createKbModel(context: ScreenContext): KbModel {
  const { kb, jobs, ui } = context;
  const view = createStore<{ readonly view: KbView }>(() => ({ view: 'documents' }));
  const show = (next: KbView): void => {
    view.setState({ view: next });
    ui.getState().setFocus({ documents: 'documents', chunks: 'chunks', bench: 'query', preview: 'spec' }[next], 'kb');
  };
  const base = (): KnowledgeBase | undefined => kb.getState().list?.find(({ name }) => name === kb.getState().selected);

  const bases = createListModel<KnowledgeBase>({
    items: () => kb.getState().list ?? NO_BASES,
    key: ({ name }) => name,
    text: ({ name }) => name,
    onSelect: (item) => {
      if (item && item.name !== kb.getState().selected) void kb.getState().select(item.name);
    },
  });
  const documents = createListModel<DocumentSummary>({
    items: () => kb.getState().documents?.rows ?? NO_DOCUMENTS,
    key: ({ id, name }) => `${id} ${name}`,
    onSelect: (item) => {
      const rows = kb.getState().documents?.rows ?? NO_DOCUMENTS;
      if (item && rows.indexOf(item) > rows.length - NEAR_END) void kb.getState().loadMore();
    },
  });
  const text = createStreamModel();
  const chunks = createListModel<Chunk>({
    items: () => kb.getState().open?.chunks ?? NO_CHUNKS,
    key: ({ id }) => String(id),
    text: (chunk) => chunk.text,
    onSelect: (chunk) => showSpan(chunk),
  });
  const preview = createPreviewStore(context.preview);
  const pieces = createListModel<ChunkDraft>({
    items: () => preview.getState().pieces,
    key: ({ ordinal }) => String(ordinal),
    onSelect: (piece) => showSpan(piece),
  });
  const spec = createEditorModel({
    onChange: (value) => {
      void preview
        .getState()
        .cut(value)
        .then(() => {
          pieces.edge('first');
          showSpan(pieces.selected());
        });
    },
  });
  const query = createEditorModel({ onChange: (value) => kb.getState().configureBench({ query: value }) });
  const hits = createListModel<Hit>({
    items: () => kb.getState().bench.result?.hits ?? NO_HITS,
    key: ({ chunkId }) => String(chunkId),
  });

  /** Scrolls the document's text to a chunk; the view lights it. */
  function showSpan(piece: Pick<ChunkDraft, 'start'> | undefined): void {
    if (piece) text.set(text.text(), piece.start);
  }

  // Selecting on another screen, or a base that was deleted, moves the cursor along.
  kb.subscribe((state, before) => {
    if (state.selected !== before.selected || state.list !== before.list) {
      if (state.selected && bases.selected()?.name !== state.selected) bases.select(state.selected);
    }
    if (state.open !== before.open) {
      text.set(drawable(state.open?.document.text ?? ''));
      if (state.open) showSpan(chunks.selected());
      else if (view.getState().view === 'chunks') view.setState({ view: 'documents' });
    }
  });

  const openSelected = async (): Promise<void> => {
    const document = documents.selected();
    if (!document) return;
    await kb.getState().openDocument(document.id);
    chunks.edge('first');
  };

  return {
    context,
    view,
    show,
    bases,
    documents,
    documentsTarget: {
      ...documents,
      filter: {
        get: () => kb.getState().documents?.filter ?? '',
        set: (filter) => void kb.getState().loadDocuments({ filter }),
      },
    },
    chunks,
    text,
    query,
    hits,
    preview,
    spec,
    pieces,
    base,
    ingest: () => {
      const id = kb.getState().ingests[kb.getState().selected ?? ''];
      return jobs.getState().list?.find((job) => job.spec.id === id);
    },
    shadow: () => {
      const { selected } = kb.getState();
      return jobs.getState().list?.find(({ spec: { work } }) => work.kind === 'shadow' && work.kb === selected);
    },
    openDocument: async () => {
      await openSelected();
      if (kb.getState().open) show('chunks');
    },
    openPreview: async () => {
      if (!kb.getState().open) await openSelected();
      const { open } = kb.getState();
      const embedder = base()?.embedders[0] ?? '';
      if (!open) return;
      const wanted = spec.text() || 'sentence:400';
      text.set(drawable(open.document.text));
      show('preview');
      await preview.getState().open(open.document.name, open.document.text, wanted, embedder);
      if (spec.text() === '') spec.set(wanted);
      pieces.edge('first');
    },
  };
}
