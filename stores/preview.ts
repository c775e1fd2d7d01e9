import { createStore, type StoreApi } from 'zustand/vanilla';
import { parseGroupSpec } from '../src/kb/splitters/groups.ts';
import type { ChunkDraft, NodeGroup } from '../src/kb/types.ts';
import { type RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { PreviewPort } from './dependencies.ts';

export interface PreviewState {
  /** The text being cut; null = nothing is previewed. */
  readonly text: string | null;
  readonly name: string;
  /** As on the command line: `token:256:32`. */
  readonly spec: string;
  readonly group: NodeGroup | null;
  /** Of the last spec that could be read. */
  readonly pieces: readonly ChunkDraft[];
  readonly error: RagtuiError | null;
  open(name: string, text: string, spec: string, tokenizer: string): Promise<void>;
  /** Cuts again; a slower cut by an earlier spec is dropped. */
  cut(spec: string): Promise<void>;
  close(): void;
}
export type PreviewStore = StoreApi<PreviewState>;

/** What a node group would make of a document, before anything is indexed. */
export function createPreviewStore(port: PreviewPort): PreviewStore {
  let current: AbortController | undefined;
  let tokenizer = '';
  return createStore<PreviewState>()((set, get) => ({
    text: null,
    name: '',
    spec: '',
    group: null,
    pieces: [],
    error: null,
    open: async (name, text, spec, tokenizerId) => {
      tokenizer = tokenizerId;
      set({ name, text, pieces: [], group: null, error: null });
      await get().cut(spec);
    },
    cut: async (spec) => {
      const { text } = get();
      current?.abort();
      const owner = new AbortController();
      current = owner;
      set({ spec });
      if (text === null) return;
      try {
        const group = parseGroupSpec(spec, tokenizer);
        const pieces = await port.split(text, group, owner.signal);
        if (current === owner) set({ group, pieces, error: null });
      } catch (error) {
        if (current === owner) set({ group: null, error: toRagtuiError(error) });
      }
    },
    close: () => {
      current?.abort();
      current = undefined;
      set({ text: null, pieces: [], group: null, error: null });
    },
  }));
}
