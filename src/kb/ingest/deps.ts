import type { JobWork, Progress } from '../../jobs/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { KbClient, Params } from '../protocol.ts';
import type { ChunkDraft, ExtractedDocument, NodeGroup } from '../types.ts';
import type { FoundFile } from './plan.ts';

export type IngestWork = Extract<JobWork, { kind: 'ingest' }>;
export type WalkEntry = FoundFile | { readonly path: string; readonly error: RagtuiError };

/** What an ingest is made of; the worker passes the real parts. */
export interface IngestDeps {
  readonly kb: KbClient;
  readonly work: IngestWork;
  /** Job id: shown to whoever has to wait for us. */
  readonly owner: string;
  readonly embedders: Params<'ingest.begin'>['embedders'];
  /** Hash of everything but the bytes that decides what a file becomes. */
  readonly recipe: string;
  /** Whether a file met in a folder is of a kind that is never read (pictures, archives …). */
  readonly isUnreadable: (path: string) => boolean;
  readonly walk: (roots: readonly string[], signal: AbortSignal) => AsyncIterable<WalkEntry>;
  readonly read: (path: string, signal: AbortSignal) => AsyncIterable<readonly ExtractedDocument[]>;
  readonly split: (text: string, group: NodeGroup) => ChunkDraft[];
  readonly embed: (
    lane: number,
    embedder: string,
    texts: readonly string[],
  ) => Promise<{ vectors: Float32Array[]; tokens: number[] }>;
  /** Calls of `embed` at once. */
  readonly lanes: number;
  /** Texts of one call. */
  readonly batch?: (embedder: string) => number;
  /** Files on their way into the service at once. */
  readonly readers: number;
  readonly onProgress: (progress: Progress) => void;
  readonly onLog: (level: 'info' | 'warn' | 'error', text: string) => void;
  readonly signal: AbortSignal;
}

export function cancelled(): RagtuiError {
  return new RagtuiError('cancelled', 'The ingest was stopped.', 'Run it again to go on: what was embedded is kept.');
}
