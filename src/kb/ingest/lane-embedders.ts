import type { ResolvedEmbedder } from '../../models/embedder-types.ts';
import { type SupervisedEmbedder, supervisedEmbedder } from '../../models/supervised-embedder.ts';
import { RagtuiError } from '../../platform/errors.ts';

/** One process per (lane, embedder), started at its first text, so that lanes never wait for each other. */
export class LaneEmbedders {
  private readonly started = new Map<string, SupervisedEmbedder>();

  constructor(
    private readonly resolved: readonly ResolvedEmbedder[],
    private readonly onRestart: (id: string, reason: string) => void,
  ) {}

  async embed(lane: number, embedder: string, texts: readonly string[]) {
    const key = `${embedder}\0${lane}`;
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
