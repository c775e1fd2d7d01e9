import type { IndexRow } from '../../db/index-table.ts';
import type { ProjectionRow } from '../../db/projection-table.ts';
import { errorLine, type RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { Connections } from '../backends/connections.ts';
import type { VectorBackend, VectorCollection } from '../backends/types.ts';
import { compareSample } from './compare.ts';
import { aboutOf, isLive, type LiveProjection, newCollectionName } from './live.ts';
import { type SendDeps, sendChanges, sendMembers } from './send.ts';
import type { ProjectionState } from './types.ts';

const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 60_000;
/** So often a server that changes meanwhile is compared. */
const COMPARISONS = 5;

export interface ProjectorDeps extends SendDeps {
  readonly connections: Connections;
  readonly log: (text: string) => void;
}
/**
 * Brings one index to its server and keeps it there: first all members in the order of their slots, then the log of
 * changes. A batch is only read when the one before has been taken, what the server has is written down after it made
 * sure of it, and all of it may be sent twice. So either side may die at any moment: what is missing is sent again.
 */
export class Projector {
  /** What was asked last. */
  #backend: VectorBackend | undefined;
  /** Counts the connections that were replaced. */
  #connection = 0;
  #collection: VectorCollection | undefined;
  #work: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #problem: RagtuiError | undefined;
  /** The server holds as many vectors as there are members, seen since it was connected. */
  #proven = false;
  #differs: string | undefined;
  #again = false;
  #closed = false;

  constructor(
    readonly id: number,
    readonly deps: ProjectorDeps,
    /** The projection is over and forgotten. */
    readonly onGone: () => void,
  ) {}

  /** True while something is brought; not while a server that does not answer is waited for. */
  get busy(): boolean {
    return this.#work !== undefined;
  }

  /** Looks whether there is something to do. `now`: also when the server did not answer a moment ago. */
  wake(now = false): void {
    if (this.#closed || this.#work || (this.#retry && !now)) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (now) this.#failures = 0;
    if (this.#isDone()) return;
    this.#work = this.#run().finally(() => {
      this.#work = undefined;
      // A commit may have come after the last look.
      if (!this.#problem) this.wake();
    });
  }

  async settled(): Promise<void> {
    while (this.#work) await this.#work;
  }

  /** Sends all of it again into a new collection. */
  rebuild(): void {
    this.#again = true;
    this.wake(true);
  }

  /** The connection was replaced by another: what is done next opens the collection there. */
  disconnect(): void {
    this.#connection += 1;
    this.#collection = undefined;
    this.#proven = false;
  }

  /** Why the server does not answer, for people; null when it only lacks something yet. */
  get reason(): string | null {
    return this.#problem ? errorLine(this.#problem) : (this.#differs ?? null);
  }

  /** The collection while it holds exactly what the database says, with the position up to which it does. */
  current(): { readonly collection: VectorCollection; readonly position: number } | undefined {
    const row = this.#row();
    if (!row || !this.#collection || !this.#proven || this.#differs !== undefined || this.#again) return undefined;
    if (row.filled !== null || this.deps.read.projection.isPending(row.index_id)) return undefined;
    return { collection: this.#collection, position: row.position };
  }

  state(): ProjectionState | undefined {
    const row = this.#row();
    if (!row) return undefined;
    const { projection } = this.deps.read;
    const filling = row.filled === null ? 0 : projection.toFill(row.index_id, row.filled);
    const behind = filling + projection.pending(row.index_id);
    const state = this.#problem ? 'unreachable' : this.#differs ? 'differs' : this.current() ? 'current' : 'behind';
    return { server: row.server, state, behind, reason: this.reason };
  }

  /** A search failed: the connection is looked at before the next one. */
  failed(error: unknown): void {
    this.#collection = undefined;
    this.#proven = false;
    this.#problem = toRagtuiError(error);
    this.#later();
  }

  /** What is wrong on the server, after it was brought all there is. What changes meanwhile proves nothing. */
  async inspect(): Promise<{ problems: string[]; detail: string }> {
    for (let tries = 0; tries < COMPARISONS; tries += 1) {
      const found = await this.#inspectOnce();
      if (found) return found;
    }
    return { problems: [], detail: 'it changed each time it was looked at; verify again when nothing is ingested' };
  }

  /** Undefined: something came meanwhile. */
  async #inspectOnce(): Promise<{ problems: string[]; detail: string } | undefined> {
    this.#proven = false;
    this.wake(true);
    await this.settled();
    const row = this.#row();
    const collection = this.#collection;
    if (this.#problem) return { problems: [errorLine(this.#problem)], detail: '' };
    if (!row || !collection) return { problems: ['it is not connected'], detail: '' };
    const problems = this.#differs === undefined ? [] : [this.#differs];
    const { mark, count, index } = await collection.stats();
    if (mark !== null && mark !== row.position) problems.push(`it stands at change ${mark}, not at ${row.position}`);
    const { wrong, sampled } = await compareSample(this.deps.read, row.index_id, collection);
    const same = this.#collection === collection && this.#row()?.position === row.position && !this.#work;
    if (!same || this.deps.read.projection.isPending(row.index_id)) return undefined;
    if (wrong > 0) problems.push(`${wrong} of ${sampled} vectors looked at are missing or not as they were stored`);
    return { problems, detail: `${count} vectors, ${index}, ${sampled} of them compared` };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.settled();
  }

  #row(): LiveProjection | undefined {
    const row = this.deps.read.projection.byId(this.id);
    return row && isLive(row) ? row : undefined;
  }

  #isDone(): boolean {
    if (this.#again || this.#problem || !this.#collection || !this.#proven) return false;
    const row = this.#row();
    return row !== undefined && row.filled === null && !this.deps.read.projection.isPending(row.index_id);
  }

  async #run(): Promise<void> {
    try {
      await this.#bring();
      this.#problem = undefined;
      this.#failures = 0;
    } catch (error) {
      const problem = toRagtuiError(error);
      const lost = problem.code === 'not-found' && this.#collection !== undefined && this.#failures === 0;
      const used = this.#backend;
      this.#backend = undefined;
      this.#collection = undefined;
      this.#proven = false;
      const row = this.deps.read.projection.byId(this.id);
      const own = row !== undefined && (await this.deps.connections.forgetFailed(row.server, used));
      if (used && !own && this.#failures === 0) {
        // Others replaced the connection: it goes on over theirs.
        this.#failures += 1;
        this.#problem = undefined;
        return;
      }
      if (this.#problem?.message !== problem.message) this.deps.log(`projection ${this.id}: ${errorLine(problem)}`);
      this.#problem = problem;
      // A table that somebody dropped is made and filled again at once.
      this.#later(lost ? 0 : undefined);
    }
  }

  #later(ms = Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** this.#failures)): void {
    if (this.#closed || this.#retry) return;
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.wake();
    }, ms).unref();
  }

  async #bring(): Promise<void> {
    const { read, writer, write } = this.deps;
    while (!this.#closed) {
      const row = read.projection.byId(this.id);
      if (!row) return this.#end();
      if (!isLive(row)) {
        await this.#dropFromServer(row);
        await writer.run(() => {
          write.projection.remove(this.id);
        });
        return this.#end();
      }
      const index = read.index.byId(row.index_id);
      if (!index) return this.#end();
      if (this.#again) {
        await this.#restart(row);
        this.#again = false;
        continue;
      }
      const collection = this.#collection ?? (await this.#open(row, index));
      // It was opened anew and had to be begun again.
      if (this.#row()?.collection !== row.collection || this.#row()?.filled !== row.filled) continue;
      if (row.filled !== null) await sendMembers(this.deps, { row, index, collection }, row.filled, () => this.#closed);
      else if (read.projection.isPending(row.index_id)) await sendChanges(this.deps, { row, index, collection });
      else if (await this.#prove(row, collection)) return;
    }
  }

  #end(): void {
    this.#closed = true;
    this.onGone();
  }

  async #open(row: LiveProjection, index: IndexRow): Promise<VectorCollection> {
    const connection = this.#connection;
    const backend = await this.#connect(row.server);
    const spec = { name: row.collection, dim: index.dim, about: aboutOf(this.deps.read, index) };
    const { collection, created } = await backend.open(spec);
    const begun = row.filled !== 0;
    const mark = created ? null : (await collection.stats()).mark;
    // Else it was disconnected meanwhile, and is opened once more.
    if (this.#connection === connection) this.#collection = collection;
    this.#problem = undefined;
    if (created && begun) {
      this.deps.log(`projection ${this.id}: ${row.collection} was gone from ${row.server}; it is filled again`);
      await this.deps.writer.run(() => this.deps.write.projection.restart(row));
    } else if (mark !== null && mark < row.position && begun) {
      // An older copy of the server was put back: what was deleted since is there again.
      this.deps.log(`projection ${this.id}: ${row.server} stands at change ${mark}, not at ${row.position}`);
      await this.#restart(row);
    } else if (this.#logIsLonger(row)) {
      this.deps.log(`projection ${this.id}: more changed than ${row.server} holds; it is filled again`);
      await this.#restart(row);
    }
    return collection;
  }

  /** While a server was away, more changed than it costs to fill it anew. */
  #logIsLonger(row: LiveProjection): boolean {
    const { projection, index } = this.deps.read;
    return projection.pending(row.index_id) > index.countMembers(row.index_id);
  }

  async #connect(server: string): Promise<VectorBackend> {
    this.#backend = undefined;
    const backend = await this.deps.connections.get(server);
    this.#backend = backend;
    return backend;
  }

  /** The old collection goes when it can; a new name keeps what is left of it out of the way. */
  async #restart(row: LiveProjection): Promise<void> {
    await this.#dropFromServer(row);
    this.#collection = undefined;
    this.#proven = false;
    this.#differs = undefined;
    await this.deps.writer.run(() => {
      this.deps.write.projection.rename(row.id, newCollectionName());
      this.deps.write.projection.restart(row);
    });
  }

  async #dropFromServer(row: ProjectionRow): Promise<void> {
    const backend = await this.#connect(row.server);
    await backend.drop(row.collection);
  }

  /** Compares the counts once for each connection. False: something came meanwhile, so they say nothing. */
  async #prove(row: LiveProjection, collection: VectorCollection): Promise<boolean> {
    const { read } = this.deps;
    if (this.#proven) return true;
    const { count } = await collection.stats();
    if (read.projection.isPending(row.index_id) || this.#again || this.#collection !== collection) return false;
    const members = read.index.countMembers(row.index_id);
    this.#differs = count === members ? undefined : `it holds ${count} vectors, there are ${members}`;
    this.#proven = true;
    return true;
  }
}
