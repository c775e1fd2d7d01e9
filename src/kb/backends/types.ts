import { z } from 'zod';
import { keyStoreSchema } from '../../platform/secrets.ts';
import type { Neighbour } from '../index/ann-index.ts';

/** The vector databases that are known. */
export const vectorServerKindSchema = z.enum(['pgvector', 'milvus', 'weaviate']);
export type VectorServerKind = z.infer<typeof vectorServerKindSchema>;

/** A vector database as a person declared it (`kb server add`). Never its password: that is in an environment variable or a key store. */
export const vectorServerSchema = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'small letters, digits, ".", "_" and "-"'),
  kind: vectorServerKindSchema,
  /** With host, port and what the kind wants besides: `postgres://USER@HOST:PORT/DATABASE`. */
  url: z.string().min(1),
  /** Encrypted, and the certificate proven. Without it: yes, unless the host is this machine. */
  tls: z.boolean().optional(),
  keyEnv: z.string().optional(),
  keyStore: keyStoreSchema.optional(),
});
export type VectorServer = z.infer<typeof vectorServerSchema>;

/** What a backend is connected with. */
export interface ConnectOptions {
  readonly server: VectorServer;
  /** Password or token; undefined when the server wants none. */
  readonly secret: string | undefined;
  /** PEM certificates to trust besides the usual ones. */
  readonly ca: readonly string[] | undefined;
}

/** One vector of a knowledge base. `slot` names it within its collection for ever: a slot's vector never changes. */
export interface VectorRecord {
  readonly slot: number;
  /** Of unit length. */
  readonly vector: Float32Array;
}

export interface VectorQuery {
  /** Of unit length. */
  readonly vector: Float32Array;
  /** How many are wanted. */
  readonly k: number;
  /** Only these slots may come back; at most `AMONG_MAX`. */
  readonly among?: readonly number[];
}

/** Slots of one filtered query; a caller with more asks several times. */
export const AMONG_MAX = 10_000;

export interface CollectionStats {
  /** Vectors that can be found. */
  readonly count: number;
  /** What the last `flush` was told; null when the server kept nothing of that, or has never been told. */
  readonly mark: number | null;
  /** How it is searched, for people: `hnsw`, `exact`, … */
  readonly index: string;
  /** On the server's disk; null when it does not say. */
  readonly bytes: number | null;
}

/**
 * The vectors of one index (knowledge base × node group × embedder) on a server. All calls may be repeated: an upsert of
 * what is there and a delete of what is not change nothing. Errors are RagtuiErrors: `unavailable` (nobody answers, or
 * it went away meanwhile), `permission` (refused), `not-found` (the collection is gone), `timeout`, `disk-full`.
 */
export interface VectorCollection {
  /** Stores vectors; one batch of a caller is at most some MiB. Those that are there already are written again. */
  upsert(records: readonly VectorRecord[]): Promise<void>;
  delete(slots: readonly number[]): Promise<void>;
  /**
   * The nearest, best first. Scores are cosines as the server computes them (a caller computes its own from the stored
   * vectors); what was upserted or deleted before the last `flush` is seen.
   */
  search(query: VectorQuery): Promise<Neighbour[]>;
  /** What is stored under these slots; those that are not there are left out. */
  fetch(slots: readonly number[]): Promise<VectorRecord[]>;
  /** Resolves when all that was written before survives a crash of the server and is found. Keeps `mark` with it. */
  flush(mark: number): Promise<void>;
  /** Makes what searches fast, after many vectors came; may take minutes, is quick when it is there. */
  prepare(): Promise<void>;
  stats(): Promise<CollectionStats>;
}

export interface CollectionSpec {
  /** `ragtui_` and hexadecimal digits: unique to one index of one workspace. */
  readonly name: string;
  readonly dim: number;
  /** For the administrator of the server: which knowledge base it belongs to. */
  readonly about: string;
}

/** A connection to a server; collections of many knowledge bases live side by side. */
export interface VectorBackend {
  /** Proves that the server is there and lets us in; what it is, for people: `PostgreSQL 18.4, pgvector 0.8.5`. */
  check(): Promise<string>;
  /**
   * Opens a collection, makes it when it is not there; `created` tells. Errors: those of a collection, `invalid` when it
   * has vectors of other dimensions.
   */
  open(spec: CollectionSpec): Promise<{ readonly collection: VectorCollection; readonly created: boolean }>;
  /** Names of the collections of ours on the server. */
  collections(): Promise<string[]>;
  /** Takes a collection with all its vectors off the server; no error when it is gone. */
  drop(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Makes a backend of one kind. Connects when it is first used. */
export type ConnectBackend = (options: ConnectOptions) => VectorBackend;
