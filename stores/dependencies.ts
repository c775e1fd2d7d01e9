import type { StopStep } from '../src/jobs/control.ts';
import type { Deletion } from '../src/jobs/made.ts';
import type { OutputName } from '../src/jobs/output.ts';
import type { JobEvent, JobId, JobView, JobWork } from '../src/jobs/types.ts';
import type { KbClient } from '../src/kb/protocol.ts';
import type { ChunkDraft, KnowledgeBase, NodeGroup } from '../src/kb/types.ts';
import type { Endpoint, ModelStatus, PullProgress } from '../src/models/types.ts';
import type { AnswerEvent, Message, Pipeline } from '../src/rag/types.ts';
import type { ServersPort } from './endpoints.ts';

/** What the stores need of the world. `src/app/main.tsx` hands over the real ones, tests hand over fakes. */

export interface ModelsPort {
  list(): Promise<readonly ModelStatus[]>;
  /** Resumes what is half there. Rejects with code `cancelled` when the signal aborts. */
  pull(id: string, options: { signal: AbortSignal; onProgress: (progress: PullProgress) => void }): Promise<void>;
  /** Hashes the files; the status says `damaged` when one does not match. */
  verify(id: string): Promise<ModelStatus>;
  remove(id: string): Promise<void>;
  endpoints(): Promise<readonly Endpoint[]>;
  readonly servers: ServersPort;
}

export interface JobsPort {
  list(): Promise<readonly JobView[]>;
  view(id: JobId): Promise<JobView>;
  launch(name: string, work: JobWork): Promise<JobId>;
  /** All events so far in order, then new ones as they are written. Returns how to stop listening. */
  tail(id: JobId, listener: (events: readonly JobEvent[]) => void): () => void;
  /** Calls when a job appears or leaves (a file watch, no timer). Returns how to stop. */
  watch(listener: () => void): () => void;
  /** Asks, then TERM, then KILL; each step is told. */
  stop(id: JobId, onStep: (step: StopStep) => void): Promise<void>;
  /** A queued job starts although others have its devices. */
  startNow(id: JobId): Promise<void>;
  /** Goes on with a job that ended early. */
  resume(id: JobId): Promise<JobId>;
  /** The same work anew. */
  retry(id: JobId): Promise<JobId>;
  /** A job like it with changes, each `key=value`. */
  clone(id: JobId, changes: readonly string[]): Promise<JobId>;
  note(id: JobId, text: string): Promise<void>;
  /** `+x` adds a tag, `-y` takes one off. */
  tag(id: JobId, changes: readonly string[]): Promise<void>;
  remove(id: JobId): Promise<void>;
  /** What deleting it with what it made would take. Deletes nothing. */
  deletion(id: JobId, bases: readonly KnowledgeBase[]): Promise<Deletion>;
  removeWithMade(id: JobId, bases: readonly KnowledgeBase[]): Promise<void>;
  /** The end of what its processes printed, then what they print. Returns how to stop. */
  output(id: JobId, name: OutputName, listener: (lines: readonly string[]) => void): () => void;
  /** Its spec, the commands and the configuration of its engines. */
  ran(id: JobId): Promise<string>;
}

export interface AskPort {
  /** Retrieval, prompt, answer. Ends with `done`; throws RagtuiError; `signal` ends it as a cancelled answer. */
  ask(input: {
    readonly question: string;
    readonly pipeline: Pipeline;
    readonly thread: readonly Message[];
    readonly signal: AbortSignal;
    /** What is waited for before the first word. */
    readonly onStatus: (text: string) => void;
  }): AsyncIterable<AnswerEvent>;
}

export interface PreviewPort {
  /** Chunks of `text` as an ingest with this node group would make them. */
  split(text: string, group: NodeGroup, signal: AbortSignal): Promise<readonly ChunkDraft[]>;
}

export type Connect = (signal?: AbortSignal) => Promise<KbClient>;

/** Publishes soon, together with whatever else asked: at most ~12 times a second. One `publish` function waits once. */
export type Schedule = (publish: () => void) => void;

/** Milliseconds; a test's clock or `performance.now`. */
export type Clock = () => number;
