import os from 'node:os';
import { ExactIndex } from '../../kb/index/exact.ts';
import { resolveEmbedder } from '../../models/embedder-client.ts';
import { withInstruction } from '../../models/fingerprint.ts';
import { supervisedEmbedder } from '../../models/supervised-embedder.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { throwIfAborted } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { Scored } from './types.ts';
import { VectorCache } from './vector-cache.ts';

/** Texts between two writes to the disk: what a kill costs. */
const BATCH = 128;

export interface VectorsOptions {
  readonly signal: AbortSignal;
  /** Of the texts that are not known yet. */
  readonly onProgress: (done: number, total: number) => void;
  readonly onNote: (text: string) => void;
}

/** One embedder over questions and passages: what is near a question, and how near. */
export class Vectors {
  private constructor(
    readonly embedder: string,
    private readonly cache: VectorCache,
    private readonly queryText: (query: string) => string,
    private readonly passageText: (text: string) => string,
    private readonly index: ExactIndex,
  ) {}

  /**
   * Embeds what is not in the cache of this embedder, in child processes; passages of `pool` can then be searched, and
   * `others` measured. Queries get the embedder's own instruction. Errors: those of the embedder, `cancelled`.
   */
  static async make(
    paths: WorkspacePaths,
    embedder: string,
    texts: {
      readonly queries: readonly string[];
      readonly pool: readonly string[];
      readonly others: readonly string[];
    },
    options: VectorsOptions,
  ): Promise<Vectors> {
    const resolved = await resolveEmbedder(paths, embedder);
    // As it is fed to the model, and with its side: some servers treat the two apart.
    const queryText = (query: string) => `query ${withInstruction(resolved.config, query, { kind: 'query' })}`;
    const passageText = (text: string) => `passage ${withInstruction(resolved.config, text, { kind: 'passage' })}`;
    const cache = await VectorCache.open(paths, resolved, options.signal);
    try {
      const missing = [
        ...unknown(cache, texts.queries, queryText).map((text) => ({ text, kind: 'query' as const })),
        ...unknown(cache, [...texts.pool, ...texts.others], passageText).map((text) => ({
          text,
          kind: 'passage' as const,
        })),
      ];
      await embedAll(missing);
      const index = new ExactIndex(resolved.dimension, Math.max(1, texts.pool.length));
      const vectors = new Vectors(embedder, cache, queryText, passageText, index);
      texts.pool.forEach((text, at) => {
        index.add(at, vectors.passage(text));
      });
      return vectors;
    } catch (error) {
      cache.close();
      throw error;
    }

    async function embedAll(all: readonly { text: string; kind: 'query' | 'passage' }[]): Promise<void> {
      if (all.length === 0) return;
      const children = Array.from({ length: Math.max(1, os.availableParallelism() - 1) }, () =>
        supervisedEmbedder(resolved, { onRestart: (why) => options.onNote(`${embedder} was started again: ${why}`) }),
      );
      let next = 0;
      let done = 0;
      const work = async (child: (typeof children)[number]) => {
        while (next < all.length) {
          const [first] = all.slice(next, next + 1);
          const kind = first?.kind ?? 'passage';
          const batch = all.slice(next, next + BATCH).filter((one) => one.kind === kind);
          next += batch.length;
          const { vectors } = await child.embed(
            batch.map((one) => one.text),
            { kind, signal: options.signal },
          );
          const side = kind === 'query' ? queryText : passageText;
          cache.add(
            batch.map((one) => side(one.text)),
            vectors.map(unit),
          );
          done += batch.length;
          options.onProgress(done, all.length);
          throwIfAborted(options.signal);
        }
      };
      try {
        await Promise.all(children.map(work));
      } finally {
        await Promise.all(children.map((child) => child.close()));
      }
    }
  }

  /** The `limit` passages of the pool nearest to a question, best first. */
  search(query: string, limit: number): Scored[] {
    return this.index.search(this.query(query), limit).map(({ slot, score }) => ({ at: slot, score }));
  }

  /** Cosine of a question and a passage. */
  score(query: string, passage: string): number {
    const [a, b] = [this.query(query), this.passage(passage)];
    return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
  }

  private query(text: string): Float32Array {
    return this.known(this.queryText(text));
  }

  private passage(text: string): Float32Array {
    return this.known(this.passageText(text));
  }

  private known(key: string): Float32Array {
    const vector = this.cache.get(key);
    if (vector) return vector;
    throw new RagtuiError('internal', 'A text was measured that had not been embedded.');
  }

  close(): void {
    this.cache.close();
  }
}

function unknown(cache: VectorCache, texts: readonly string[], side: (text: string) => string): string[] {
  return [...new Set(texts)].filter((text) => !cache.has(side(text)));
}

/** To length 1, so that a dot product is a cosine also for embedders that do not normalise. */
function unit(vector: Float32Array): Float32Array {
  const norm = Math.hypot(...vector);
  return norm > 0 ? vector.map((value) => value / norm) : vector;
}
