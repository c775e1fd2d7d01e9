import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { IndexRow } from '../../db/index-table.ts';
import type { Tables } from '../../db/tables.ts';
import type { Writer } from '../../db/writer.ts';
import { crashPoint } from '../../platform/crash-point.ts';
import { toRagtuiError } from '../../platform/errors.ts';
import { syncPath } from '../../platform/files.ts';
import type { IndexChange } from '../store/context.ts';
import type { SegmentBuilder } from './builder.ts';
import { HnswSegment } from './hnsw.ts';
import { HNSW } from './hnsw-file.ts';
import { OpenIndex } from './open-index.ts';
import { EXACT_WORK, planBuild } from './plan-build.ts';

export interface IndexSetOptions {
  readonly folder: string;
  readonly database: string;
  readonly read: Tables;
  readonly write: Tables;
  readonly writer: Writer;
  readonly build: SegmentBuilder;
  readonly log: (text: string) => void;
}

const MAX_FAILURES = 3;

/** The indexes that were asked for since the service started, and the one build that may run. */
export class IndexSet {
  readonly #open = new Map<number, OpenIndex>();
  readonly #failures = new Map<number, number>();
  #builds: Promise<void> = Promise.resolve();
  #waiting = 0;
  #closed = false;

  constructor(readonly options: IndexSetOptions) {
    this.#clearStrays();
  }

  /** True while segments are built. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  async get(row: IndexRow): Promise<OpenIndex> {
    const known = this.#open.get(row.id);
    if (known) {
      await known.ready;
      return known;
    }
    const index = new OpenIndex(row, this.options.read, this.options.folder);
    this.#open.set(row.id, index);
    await index.ready;
    if (index.damaged.length > 0) await this.#dropDamaged(index);
    this.maintain(row);
    return index;
  }

  /** How an index is searched, for the screen; `members` and `dim` are those of the database. */
  searchKind(indexId: number, members: number, dim: number): 'exact' | 'hnsw' | 'rebuilding' {
    const index = this.#open.get(indexId);
    if (index) {
      const uncovered = index.building && index.tail.size * dim >= EXACT_WORK;
      return uncovered ? 'rebuilding' : index.kind;
    }
    return members * dim >= EXACT_WORK && this.options.read.index.segments(indexId).length > 0 ? 'hnsw' : 'exact';
  }

  /** Follows a commit. */
  apply(changes: readonly IndexChange[]): void {
    const touched = new Set<number>();
    for (const change of changes) {
      this.#open.get(change.indexId)?.apply(change);
      touched.add(change.indexId);
    }
    for (const id of touched) {
      const index = this.#open.get(id);
      if (index) this.maintain(index.row);
    }
  }

  /** Opens the indexes of a knowledge base that has just been filled, so that their segments are built. */
  async settle(rows: readonly IndexRow[]): Promise<void> {
    for (const row of rows) {
      if (this.options.read.index.countMembers(row.id) * row.dim < EXACT_WORK / 2 && !this.#open.has(row.id)) continue;
      const index = await this.get(row);
      index.quiet = true;
      this.maintain(row);
    }
  }

  /** Queues what makes this index faster, if anything does. */
  maintain(row: IndexRow): void {
    const index = this.#open.get(row.id);
    if (!index || this.#closed || (this.#failures.get(row.id) ?? 0) >= MAX_FAILURES) return;
    if (index.building || !planBuild(index.state(), index.quiet)) return;
    index.building = true;
    this.#waiting += 1;
    this.#builds = this.#builds.then(async () => {
      try {
        await this.#improve(index);
        this.#failures.delete(row.id);
      } catch (error) {
        this.#failures.set(row.id, (this.#failures.get(row.id) ?? 0) + 1);
        this.options.log(`index ${row.id}: ${toRagtuiError(error).message}`);
      } finally {
        index.building = false;
        this.#waiting -= 1;
      }
    });
  }

  /** Resolves when no build is under way or waiting. */
  async settled(): Promise<void> {
    while (this.busy) await this.#builds;
  }

  /** Forgets all segments of these indexes: they are built again from the database. Exact search serves meanwhile. */
  async rebuild(rows: readonly IndexRow[]): Promise<void> {
    for (const row of rows) {
      this.#failures.delete(row.id);
      await this.#forget(row.id);
      const index = await this.get(row);
      index.quiet = true;
      this.maintain(row);
    }
  }

  /** Reads an index again from the database. */
  async reload(row: IndexRow): Promise<void> {
    await this.settled();
    this.#open.delete(row.id);
    await this.get(row);
  }

  /** What is wrong with an index: files that are not as written, vectors that are not or should not be found. */
  async inspect(row: IndexRow): Promise<string[]> {
    const { folder, read } = this.options;
    const problems: string[] = [];
    for (const segment of read.index.segments(row.id)) {
      await HnswSegment.open(path.join(folder, segment.file), segment, row.dim).catch((error: unknown) => {
        problems.push(toRagtuiError(error).message);
      });
    }
    const index = await this.get(row);
    const members = read.index.countMembers(row.id);
    const absent = index.absentOf(members);
    if (absent > 0) problems.push(`${absent} of ${members} vectors were not found`);
    if (index.size !== members - absent) problems.push(`${index.size - members + absent} were found that are gone`);
    return problems;
  }

  /** Drops indexes whose knowledge base is gone, with their files. */
  forgetMissing(): void {
    for (const [id] of this.#open) if (!this.options.read.index.byId(id)) this.#open.delete(id);
  }

  close(): void {
    this.#closed = true;
    this.#open.clear();
  }

  async #improve(index: OpenIndex): Promise<void> {
    await index.ready;
    for (;;) {
      const plan = this.#closed ? undefined : planBuild(index.state(), index.quiet);
      if (!plan || this.#open.get(index.row.id) !== index) return;
      if (plan.kind === 'dissolve') {
        const files = index.segments.map((segment) => segment.row);
        index.dissolve();
        await this.#dropRows(files);
        continue;
      }
      const merged = index.segments.filter((segment) => plan.merge.includes(segment.row.id));
      const slots = [...index.tail.slots().slice(0, plan.fromTail), ...merged.flatMap((part) => part.liveSlots())];
      if (slots.length === 0) {
        const rows = merged.map((segment) => segment.row);
        index.segments = index.segments.filter((segment) => !merged.includes(segment));
        await this.#dropRows(rows);
        continue;
      }
      await this.#buildSegment(index, Uint32Array.from(slots), merged);
    }
  }

  /** Steps 4 and 6 of the snapshot protocol: write, prove, rename, record, swap, and only then remove the old. */
  async #buildSegment(
    index: OpenIndex,
    slots: Uint32Array<ArrayBuffer>,
    merged: readonly HnswSegment[],
  ): Promise<void> {
    const { folder, database, build, write, writer } = this.options;
    const { row } = index;
    const file = `seg-${row.id}-${Date.now().toString(36)}-${randomBytes(4).toString('hex')}.hnsw`;
    const final = path.join(folder, file);
    const order = { database, embedderId: row.embedder_id, dim: row.dim, slots, file: `${final}.tmp` };
    try {
      const built = await build(order);
      renameSync(order.file, final);
      syncPath(folder);
      crashPoint('after_rename');
      const facts = {
        file,
        count: built.count,
        bytes: built.bytes,
        sha256: Buffer.from(built.sha256, 'hex'),
        dim: row.dim,
        space: HNSW.space,
        m: HNSW.m,
        ef_construction: HNSW.efConstruction,
        ef: built.ef,
        library: HNSW.library,
        recall: built.recall,
      };
      const segment = await HnswSegment.open(final, { id: 0, index_id: row.id, ...facts }, row.dim);
      await writer.run((tx) => {
        if (!write.index.byId(row.id) || this.#closed) throw new Error('its knowledge base is gone');
        const id = write.index.newSegment(row.id, facts, new Date().toISOString());
        for (const old of merged) write.index.dropSegment(old.row.id);
        tx.afterCommit(() => {
          segment.row = { ...segment.row, id };
          index.adopt(
            segment,
            merged.map((old) => old.row.id),
          );
        });
      });
      for (const old of merged) rmSync(path.join(folder, old.row.file), { force: true });
    } catch (error) {
      rmSync(order.file, { force: true });
      const kept = this.options.read.index.segmentFiles().includes(file);
      if (!kept) rmSync(final, { force: true });
      throw error;
    }
  }

  async #dropDamaged(index: OpenIndex): Promise<void> {
    for (const { row, reason } of index.damaged) this.options.log(`index ${row.index_id}: ${reason}`);
    await this.#dropRows(index.damaged.map((entry) => entry.row));
  }

  async #forget(indexId: number): Promise<void> {
    this.#open.delete(indexId);
    await this.#dropRows(this.options.read.index.segments(indexId));
  }

  async #dropRows(rows: readonly { id: number; file: string }[]): Promise<void> {
    if (rows.length === 0) return;
    await this.options.writer.run(() => {
      for (const row of rows) this.options.write.index.dropSegment(row.id);
    });
    for (const row of rows) rmSync(path.join(this.options.folder, row.file), { force: true });
  }

  /** Files of builds that were never recorded, and of segments that were replaced. */
  #clearStrays(): void {
    const { folder, read } = this.options;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const known = new Set(read.index.segmentFiles());
    for (const name of readdirSync(folder)) {
      const ours = name.startsWith('seg-') && !known.has(name);
      if (ours && existsSync(path.join(folder, name))) rmSync(path.join(folder, name), { force: true });
    }
  }
}
