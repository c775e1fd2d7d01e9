import type { CollectionSpec, VectorBackend, VectorCollection } from '../../src/kb/backends/types.ts';
import { ExactIndex } from '../../src/kb/index/exact.ts';
import { RagtuiError } from '../../src/platform/errors.ts';

/** A vector database in this process: the embedded exact index behind the interface, with faults on demand. */
export class MemoryServer {
  readonly collections = new Map<
    string,
    { index: ExactIndex; vectors: Map<number, Float32Array>; mark: number | null }
  >();
  /** Called before every call; throws what a server would. */
  fault: (call: string) => void | Promise<void> = () => undefined;
  readonly calls: string[] = [];
  /** What the end of a connection waits for. */
  closing: Promise<void> = Promise.resolve();

  connect(): VectorBackend {
    const link = { ended: false };
    return {
      check: async () => {
        await this.#call('check', link);
        return 'memory';
      },
      open: (spec) => this.#open(spec, link),
      collections: async () => [...this.collections.keys()],
      drop: async (name) => {
        await this.#call('drop', link);
        this.collections.delete(name);
      },
      close: () => {
        link.ended = true;
        return this.closing;
      },
    };
  }

  async #call(name: string, { ended }: { readonly ended: boolean }): Promise<void> {
    if (ended) throw new RagtuiError('unavailable', 'This connection was ended.');
    this.calls.push(name);
    await this.fault(name);
  }

  async #open(
    { name, dim }: CollectionSpec,
    link: { readonly ended: boolean },
  ): Promise<{ collection: VectorCollection; created: boolean }> {
    await this.#call('open', link);
    const known = this.collections.get(name);
    if (known && known.index.dim !== dim) {
      throw new RagtuiError('invalid', `${name} holds vectors of ${known.index.dim} numbers, not of ${dim}.`);
    }
    if (!known) this.collections.set(name, { index: new ExactIndex(dim), vectors: new Map(), mark: null });
    const of = () => {
      const found = this.collections.get(name);
      if (!found) throw new RagtuiError('not-found', `The collection ${name} is gone.`);
      return found;
    };
    const collection: VectorCollection = {
      upsert: async (records) => {
        await this.#call('upsert', link);
        const { index, vectors } = of();
        for (const { slot, vector } of records) {
          index.add(slot, vector);
          vectors.set(slot, vector);
        }
      },
      delete: async (slots) => {
        await this.#call('delete', link);
        const { index, vectors } = of();
        for (const slot of slots) {
          index.remove(slot);
          vectors.delete(slot);
        }
      },
      search: async ({ vector, k, among }) => {
        await this.#call('search', link);
        const { index } = of();
        if (!among) return index.search(vector, k);
        const wanted = new Set(among);
        return index
          .search(vector, index.size)
          .filter(({ slot }) => wanted.has(slot))
          .slice(0, k);
      },
      fetch: async (slots) => {
        await this.#call('fetch', link);
        const { vectors } = of();
        return slots.flatMap((slot) => {
          const vector = vectors.get(slot);
          return vector ? [{ slot, vector }] : [];
        });
      },
      flush: async (mark) => {
        await this.#call('flush', link);
        of().mark = mark;
      },
      prepare: () => this.#call('prepare', link),
      stats: async () => {
        await this.#call('stats', link);
        const { index, mark } = of();
        return { count: index.size, mark, index: 'exact', bytes: null };
      },
    };
    return { collection, created: !known };
  }
}
