import type { ConnectBackend, ConnectOptions, VectorBackend, VectorServerKind } from './types.ts';

/** Each is loaded when a server of its kind is first used: only in the kb service. */
const KINDS: Readonly<Record<VectorServerKind, () => Promise<ConnectBackend>>> = {
  milvus: async () => (await import('./milvus/backend.ts')).connectMilvus,
  pgvector: async () => (await import('./pgvector/backend.ts')).connectPgvector,
  weaviate: async () => (await import('./weaviate/backend.ts')).connectWeaviate,
};

/** A backend for a server of any kind. */
export async function connectBackend(options: ConnectOptions): Promise<VectorBackend> {
  const connect = await KINDS[options.server.kind]();
  return connect(options);
}
