import type { EmbedderSource, ResolvedEmbedder } from '../../models/embedder-types.ts';
import { type SupervisedEmbedder, supervisedEmbedder } from '../../models/supervised-embedder.ts';
import { RagtuiError } from '../../platform/errors.ts';

/** Requests at a time to one server, where its entry says nothing: it fills its GPU's batches from several. */
const REQUESTS_AT_ONCE = 4;
const MOST_LANES = 64;
/** Texts of one call: one request of a server; of a process of ours what lies together by length. */
const OF_A_SERVER = 64;
const OF_A_PROCESS = 32;

/** One process per (thread, embedder), started at its first text; lanes beyond the threads are for those that a server has. */
export class LaneEmbedders {
  private readonly started = new Map<string, SupervisedEmbedder>();

  constructor(
    private readonly resolved: readonly ResolvedEmbedder[],
    private readonly threads: number,
    private readonly onRestart: (id: string, reason: string) => void,
  ) {}

  /** Calls of `embed` that may be under way at once. */
  get lanes(): number {
    const wanted = this.resolved.map(({ source }) =>
      source.kind === 'folder' ? this.threads : requestsAtOnce(source),
    );
    return Math.min(MOST_LANES, Math.max(this.threads, ...wanted));
  }

  /** Texts of one call. */
  readonly batch = (embedder: string): number => {
    const found = this.resolved.find(({ id }) => id === embedder);
    return found && found.source.kind !== 'folder' ? OF_A_SERVER : OF_A_PROCESS;
  };

  async embed(lane: number, embedder: string, texts: readonly string[]) {
    const key = `${embedder}\0${lane % this.threads}`;
    const running = this.started.get(key) ?? this.start(embedder);
    this.started.set(key, running);
    return running.embed(texts, { kind: 'passage' });
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.started.values()].map((embedder) => embedder.close()));
  }

  private start(id: string): SupervisedEmbedder {
    const resolved = this.resolved.find((candidate) => candidate.id === id);
    if (!resolved) throw new RagtuiError('internal', `No embedder "${id}" was prepared for this ingest.`);
    return supervisedEmbedder(resolved, { threads: 1, onRestart: (reason) => this.onRestart(id, reason) });
  }
}

function requestsAtOnce(source: Exclude<EmbedderSource, { kind: 'folder' }>): number {
  if (source.kind === 'served') return REQUESTS_AT_ONCE;
  return source.limits?.concurrency ?? REQUESTS_AT_ONCE * (1 + (source.alsoAt?.length ?? 0));
}
