import type { IndexRow } from '../../db/index-table.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { Connections, type OpenBackend } from '../backends/connections.ts';
import type { VectorCollection } from '../backends/types.ts';
import { newCollectionName } from './live.ts';
import { Projector, type ProjectorDeps } from './projector.ts';
import type { ProjectionState } from './types.ts';

export interface ProjectionsOptions extends Omit<ProjectorDeps, 'connections'> {
  readonly open: OpenBackend;
}

/** Who answers the searches of an index that has a server: the server, or why it does not. */
export type Answering =
  | {
      readonly server: string;
      readonly collection: VectorCollection;
      readonly position: number;
      readonly why: null;
    }
  | { readonly server: string; readonly why: string };

/** How long a service that ends waits for what is on its way; it is sent again by the next one. */
const CLOSE_MS = 2_000;

/** All indexes that are kept on a vector database too, each with its projector. */
export class Projections {
  readonly #projectors = new Map<number, Projector>();
  readonly #connections: Connections;
  readonly #deps: ProjectorDeps;
  #making: Promise<void> = Promise.resolve();
  #closed = false;

  constructor({ open, ...deps }: ProjectionsOptions) {
    this.#connections = new Connections(open);
    this.#deps = { ...deps, connections: this.#connections };
    deps.writer.onCommit = () => this.#look();
    this.#look();
  }

  get busy(): boolean {
    return [...this.#projectors.values()].some((projector) => projector.busy);
  }

  async settled(): Promise<void> {
    await this.#making;
    while (this.busy) await Promise.all([...this.#projectors.values()].map((projector) => projector.settled()));
  }

  /** Keeps a knowledge base on a server from now on. Errors: those of a server that cannot be used. */
  async attach(kbId: number, server: string): Promise<void> {
    await this.check(server);
    const { read, write, writer } = this.#deps;
    if (read.projection.serverOf(kbId) === server) return;
    await writer.run(() => {
      write.projection.release(kbId);
      write.projection.setServer(kbId, server);
    });
    await this.#making;
  }

  /** The knowledge base is searched by the embedded index alone; what is on the server is taken off. */
  async detach(kbId: number): Promise<void> {
    const { write, writer } = this.#deps;
    await writer.run(() => write.projection.release(kbId));
  }

  /** What a server is, asked now with what is declared of it now; its indexes are tried again. */
  async check(server: string): Promise<string> {
    this.#connections.forget(server);
    for (const projector of this.#of(server)) projector.disconnect();
    try {
      const backend = await this.#connections.get(server);
      return await backend.check();
    } finally {
      for (const projector of this.#of(server)) projector.wake(true);
    }
  }

  /** Forgets what was to be taken off a server that is gone for good. Errors: `busy` while knowledge bases are kept there. */
  async forget(server: string): Promise<void> {
    const { read, write, writer } = this.#deps;
    const kbs = read.projection.kbsOf(server);
    if (kbs.length > 0) {
      const hint = `Take them off first: ragtui kb index ${kbs[0]} --backend embedded.`;
      throw new RagtuiError('busy', `${server} keeps ${kbs.join(', ')}.`, hint);
    }
    await writer.run(() => {
      write.projection.removeReleased(server);
    });
    this.#connections.forget(server);
  }

  /** Asked at every search, so nothing is counted. Undefined: the index has no server. */
  answering(indexId: number): Answering | undefined {
    const row = this.#deps.read.projection.ofIndex(indexId);
    const projector = row && this.#projectors.get(row.id);
    if (!projector) return undefined;
    const current = projector.current();
    if (current) return { server: row.server, ...current, why: null };
    return { server: row.server, why: projector.reason ?? 'it is still being brought what it lacks' };
  }

  /** A search of the server failed. */
  failed(indexId: number, error: unknown): void {
    this.#ofIndex(indexId)?.failed(error);
  }

  state(indexId: number): ProjectionState | undefined {
    return this.#ofIndex(indexId)?.state();
  }

  /** What is wrong with an index on its server; undefined when it has none. */
  async inspect(row: IndexRow): Promise<{ server: string; problems: string[]; detail: string } | undefined> {
    const projector = this.#ofIndex(row.id);
    const state = projector?.state();
    if (!projector || !state) return undefined;
    return { server: state.server, ...(await projector.inspect()) };
  }

  /** Sends these indexes again, whole. */
  rebuild(rows: readonly IndexRow[]): void {
    for (const row of rows) this.#ofIndex(row.id)?.rebuild();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#deps.writer.onCommit = () => undefined;
    const ended = Promise.all([...this.#projectors.values()].map((projector) => projector.close()));
    const late = new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref());
    await Promise.race([ended.then(() => this.#connections.close()), late]);
  }

  #ofIndex(indexId: number): Projector | undefined {
    const row = this.#deps.read.projection.ofIndex(indexId);
    return row && this.#projectors.get(row.id);
  }

  #of(server: string): Projector[] {
    const rows = this.#deps.read.projection.all().filter((row) => row.server === server);
    return rows.flatMap((row) => this.#projectors.get(row.id) ?? []);
  }

  /** Follows a commit: new indexes get a projection, each projection its projector, and those with work begin. */
  #look(): void {
    if (this.#closed) return;
    const { read } = this.#deps;
    if (read.projection.unattached().length > 0) this.#making = this.#make();
    for (const { id } of read.projection.all()) {
      if (!this.#projectors.has(id)) {
        this.#projectors.set(id, new Projector(id, this.#deps, () => this.#projectors.delete(id)));
      }
    }
    for (const projector of this.#projectors.values()) projector.wake();
  }

  #make(): Promise<void> {
    const { write, writer } = this.#deps;
    return writer
      .run(() => {
        for (const index of write.projection.unattached()) {
          write.projection.create(index.id, index.server, newCollectionName());
        }
      })
      .catch(() => undefined);
  }
}
