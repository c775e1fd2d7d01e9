import { createStore, type StoreApi } from 'zustand/vanilla';
import type { KbClient, Method, Params, Result } from '../src/kb/protocol.ts';
import { type RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { Connect } from './dependencies.ts';

export interface WorkspaceState {
  readonly home: string;
  /** Whether there was a database when we started: without one this is a first start. */
  readonly existed: boolean;
  readonly connection: 'idle' | 'connecting' | 'ready' | 'failed';
  readonly error: RagtuiError | null;
  /** How often the kb service had to be started again under us. */
  readonly restarts: number;
  /** Free and used bytes of the disk under the workspace; null until known. */
  readonly disk: { readonly free: number; readonly used: number } | null;
  connect(): Promise<KbClient>;
  /** One call of the kb service; connects first when it has to. */
  call<M extends Method>(method: M, params: Params<M>, options?: { signal?: AbortSignal }): Promise<Result<M>>;
  refreshDisk(): Promise<void>;
  onRestart(listener: () => void): () => void;
  close(): Promise<void>;
}
export type WorkspaceStore = StoreApi<WorkspaceState>;

export interface WorkspaceDependencies {
  readonly home: string;
  readonly existed: boolean;
  readonly connect: Connect;
  readonly disk: () => Promise<{ free: number; used: number }>;
}

/** The connection to the kb service, shared by all stores. Nothing is started before the first call. */
export function createWorkspaceStore(dependencies: WorkspaceDependencies): WorkspaceStore {
  let pending: Promise<KbClient> | undefined;
  const listeners = new Set<() => void>();

  return createStore<WorkspaceState>()((set, get) => {
    const open = async (): Promise<KbClient> => {
      set({ connection: 'connecting', error: null });
      try {
        const client = await dependencies.connect();
        client.onRestart(() => {
          set((state) => ({ restarts: state.restarts + 1 }));
          for (const listener of listeners) listener();
        });
        set({ connection: 'ready' });
        return client;
      } catch (error) {
        pending = undefined;
        set({ connection: 'failed', error: toRagtuiError(error) });
        throw toRagtuiError(error);
      }
    };

    return {
      home: dependencies.home,
      existed: dependencies.existed,
      connection: 'idle',
      error: null,
      restarts: 0,
      disk: null,
      connect: () => {
        pending ??= open();
        return pending;
      },
      call: async (method, params, options) => {
        const client = await get().connect();
        return client.call(method, params, options);
      },
      refreshDisk: async () => {
        try {
          set({ disk: await dependencies.disk() });
        } catch {
          // A number for the home screen only: without it the screen says "unknown".
          set({ disk: null });
        }
      },
      onRestart: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      close: async () => {
        const current = pending;
        pending = undefined;
        set({ connection: 'idle' });
        await current?.then((client) => client.close()).catch(() => undefined);
      },
    };
  });
}
