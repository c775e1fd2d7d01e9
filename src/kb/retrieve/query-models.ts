import { resolveEmbedder, resolveReranker, startReranker } from '../../models/embedder-client.ts';
import type { EmbedOptions, RerankerProcess } from '../../models/embedder-types.ts';
import { type SupervisedEmbedder, supervisedEmbedder } from '../../models/supervised-embedder.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { QueryEmbedder, Reranker, TextEmbedder } from './search.ts';

/** Questions asked again at once (side by side, or after a change of top-k) are not embedded again. */
const KEPT_QUERIES = 128;

/** The embedders and rerankers that searches have asked for: one child process each, one thread, started when needed. */
export class QueryModels implements QueryEmbedder, Reranker, TextEmbedder {
  readonly #embedders = new Map<string, Promise<SupervisedEmbedder>>();
  readonly #rerankers = new Map<string, Promise<RerankerProcess>>();
  readonly #vectors = new Map<string, Float32Array>();

  constructor(readonly paths: WorkspacePaths) {}

  async embed(id: string, text: string, instruction: boolean) {
    const embedder = await this.#embedder(id);
    const { fingerprint } = embedder.resolved;
    const key = JSON.stringify([fingerprint, instruction, text]);
    const vector = this.#vectors.get(key) ?? (await this.#made(embedder, text, { kind: 'query', instruction }));
    this.#keep(key, vector);
    return { vector, fingerprint };
  }

  async embedTexts(id: string, texts: readonly string[]) {
    const embedder = await this.#embedder(id);
    const { fingerprint } = embedder.resolved;
    const vectors: Float32Array[] = [];
    // One at a time: int8 vectors depend on their batch-mates.
    for (const text of texts) {
      const key = JSON.stringify([fingerprint, 'passage', text]);
      const vector =
        this.#vectors.get(key) ?? (await this.#made(embedder, text, { kind: 'passage', instruction: false }));
      this.#keep(key, vector);
      vectors.push(vector);
    }
    return { vectors, fingerprint };
  }

  /** The model may have been replaced on disk: look again before the next query. */
  forget(id: string): void {
    const embedder = this.#embedders.get(id);
    this.#embedders.delete(id);
    void embedder?.then((started) => started.close()).catch(() => undefined);
  }

  async rerank(id: string, query: string, texts: readonly string[]): Promise<number[]> {
    let reranker = this.#rerankers.get(id);
    if (!reranker) {
      reranker = startReranker(resolveReranker(this.paths, id), { threads: 1, nice: 0 });
      this.#rerankers.set(id, reranker);
      reranker.then(
        (started) => started.onExit(() => this.#rerankers.delete(id)),
        () => this.#rerankers.delete(id),
      );
    }
    return (await reranker).rerank(query, texts);
  }

  async close(): Promise<void> {
    const started = [...this.#embedders.values(), ...this.#rerankers.values()];
    await Promise.allSettled(started.map(async (model) => (await model).close()));
  }

  #embedder(id: string): Promise<SupervisedEmbedder> {
    let embedder = this.#embedders.get(id);
    if (!embedder) {
      // A person waits for this one: not at low priority.
      embedder = resolveEmbedder(this.paths, id).then((found) => supervisedEmbedder(found, { threads: 1, nice: 0 }));
      this.#embedders.set(id, embedder);
      // Not found now may be there a moment later, once it is pulled.
      embedder.catch(() => this.#embedders.delete(id));
    }
    return embedder;
  }

  async #made(embedder: SupervisedEmbedder, text: string, options: EmbedOptions): Promise<Float32Array> {
    try {
      return await embed(embedder, text, options);
    } catch (error) {
      // It answers as another model: what it is called and promised now is looked up anew by the next query.
      if (error instanceof RagtuiError && error.code === 'checksum') this.forget(embedder.resolved.id);
      throw error;
    }
  }

  #keep(key: string, vector: Float32Array): void {
    this.#vectors.delete(key);
    this.#vectors.set(key, vector);
    const oldest = this.#vectors.keys().next();
    if (this.#vectors.size > KEPT_QUERIES && !oldest.done) this.#vectors.delete(oldest.value);
  }
}

async function embed(embedder: SupervisedEmbedder, text: string, options: EmbedOptions): Promise<Float32Array> {
  const { vectors } = await embedder.embed([text], options);
  const [vector] = vectors;
  if (!vector) throw new Error('the embedder gave no vector');
  return vector;
}
