import { rmSync } from 'node:fs';
import path from 'node:path';
import type { IndexRow, SegmentRow } from '../../db/index-table.ts';
import type { Tables } from '../../db/tables.ts';
import type { Writer } from '../../db/writer.ts';
import { toRagtuiError } from '../../platform/errors.ts';
import type { IndexChange } from '../store/context.ts';
import type { SegmentBuilder } from './builder.ts';
import { FreshSlots } from './fresh-slots.ts';
import { HnswSegment } from './hnsw.ts';
import { OpenIndex } from './open-index.ts';
import { EXACT_WORK, planBuild, SEGMENT_MAX } from './plan-build.ts';
import { clearStrays, removeUnrecorded, type SegmentFacts, writeSegment } from './segment-files.ts';

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
/** After so many, one more try where no search finds all without it: after a minute, then twice as long each time. */
const RETRY_MS = 60_000;
const RETRY_MAX_MS = 3_600_000;

/** The indexes that were asked for since the service started, and the one build that may run. */
export class IndexSet {
  readonly #open = new Map<number, OpenIndex>();
  readonly #fresh = new FreshSlots();
  readonly #early = new Set<number>();
  /** Builds that failed one after another, and why the last one did. */
  readonly #failures = new Map<number, { readonly count: number; readonly reason: string }>();
  readonly #retries = new Map<number, NodeJS.Timeout>();
  #builds: Promise<void> = Promise.resolve();
  #waiting = 0;
  #closed = false;

  constructor(readonly options: IndexSetOptions) {
    clearStrays(options);
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
    this.#fresh.forget(row.id);
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
      return uncovered || index.waiting > 0 ? 'rebuilding' : index.kind;
    }
    return members * dim >= EXACT_WORK && this.options.read.index.segments(indexId).length > 0 ? 'hnsw' : 'exact';
  }

  /** Why the last build of an index failed, while no later one went well. */
  trouble(indexId: number): string | undefined {
    const index = this.#open.get(indexId);
    return index && planBuild(index.state(), index.quiet) ? this.#failures.get(indexId)?.reason : undefined;
  }

  /** Follows a commit. */
  apply(changes: readonly IndexChange[]): void {
    const touched = new Set<number>();
    for (const change of changes) {
      const index = this.#open.get(change.indexId);
      if (index) index.apply(change);
      else this.#fresh.note(change);
      touched.add(change.indexId);
    }
    for (const id of touched) {
      const index = this.#open.get(id);
      if (index) this.maintain(index.row);
      else this.#buildEarly(id);
    }
  }

  /**
   * Builds whole segments of an index that nobody has opened while an ingest fills it: what is left at its end is little,
   * and none of it takes memory here until somebody searches.
   */
  #buildEarly(indexId: number): void {
    if (this.#closed || this.#early.has(indexId) || this.#fresh.size(indexId) < SEGMENT_MAX) return;
    this.#early.add(indexId);
    this.#queue(
      async () => {
        const row = this.options.read.index.byId(indexId);
        const slots = this.#fresh.take(indexId, SEGMENT_MAX);
        if (!row || slots.length < SEGMENT_MAX) return;
        const facts = await writeSegment(this.options, row, slots);
        await this.#join(row, { id: await this.#record(row, facts, []), index_id: row.id, ...facts });
      },
      () => {
        this.#early.delete(indexId);
        this.#buildEarly(indexId);
      },
    );
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

  /** Queues what makes this index faster, if anything does; `again`: though it failed often. */
  maintain(row: IndexRow, again = false): void {
    const index = this.#open.get(row.id);
    if (!index || this.#closed || index.building || !planBuild(index.state(), index.quiet)) return;
    if (!again && (this.#failures.get(row.id)?.count ?? 0) >= MAX_FAILURES) {
      if (index.waiting > 0) this.#tryLater(row);
      return;
    }
    index.building = true;
    this.#queue(
      async () => {
        try {
          await this.#improve(index);
          this.#failures.delete(row.id);
        } catch (error) {
          const count = (this.#failures.get(row.id)?.count ?? 0) + 1;
          this.#failures.set(row.id, { count, reason: toRagtuiError(error).message });
          throw error;
        }
      },
      () => {
        index.building = false;
        // What failed is tried again, a few times; else nothing is left to do.
        this.maintain(row);
      },
    );
  }

  #tryLater(row: IndexRow): void {
    if (this.#retries.has(row.id)) return;
    const more = (this.#failures.get(row.id)?.count ?? 0) - MAX_FAILURES;
    const again = () => {
      this.#retries.delete(row.id);
      if (this.#failures.has(row.id)) this.maintain(row, true);
    };
    this.#retries.set(row.id, setTimeout(again, Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** more)).unref());
  }

  /** One build after another; `after` runs however it ended. */
  #queue(work: () => Promise<void>, after: () => void): void {
    this.#waiting += 1;
    this.#builds = this.#builds.then(async () => {
      try {
        await work();
      } catch (error) {
        this.options.log(`index: ${toRagtuiError(error).message}`);
      } finally {
        after();
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
    const extra = index.size + index.waiting - members + absent;
    if (extra !== 0) problems.push(`${extra} were found that are gone`);
    return problems;
  }

  /** Drops indexes whose knowledge base is gone, with their files. */
  forgetMissing(): void {
    for (const [id] of this.#open) if (!this.options.read.index.byId(id)) this.#open.delete(id);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#retries.values()) clearTimeout(timer);
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
      const slots = [...index.nextSlots(plan.fromTail), ...merged.flatMap((part) => part.liveSlots())];
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
    const facts = await writeSegment(this.options, index.row, slots);
    await this.#record(index.row, facts, merged, index);
    for (const old of merged) rmSync(path.join(this.options.folder, old.row.file), { force: true });
  }

  /** From here on the segment is there, in place of those it was made from; `index` searches it at once. Returns its id. */
  async #record(
    row: IndexRow,
    facts: SegmentFacts,
    merged: readonly HnswSegment[],
    index?: OpenIndex,
  ): Promise<number> {
    const { folder, write, writer } = this.options;
    try {
      const file = path.join(folder, facts.file);
      const segment = index && (await HnswSegment.open(file, { id: 0, index_id: row.id, ...facts }, row.dim));
      return await writer.run((tx) => {
        if (!write.index.byId(row.id) || this.#closed) throw new Error('its knowledge base is gone');
        const id = write.index.newSegment(row.id, facts, new Date().toISOString());
        for (const old of merged) write.index.dropSegment(old.row.id);
        tx.afterCommit(() => {
          if (!segment) return;
          segment.row = { ...segment.row, id };
          index.adopt(
            segment,
            merged.map((old) => old.row.id),
          );
        });
        return id;
      });
    } catch (error) {
      removeUnrecorded(this.options, facts.file);
      throw error;
    }
  }

  /** An index that was opened while its segment was built does not know it yet. */
  async #join(row: IndexRow, segment: SegmentRow): Promise<void> {
    const index = this.#open.get(row.id);
    await index?.ready;
    if (!index || index.segments.some((known) => known.row.id === segment.id)) return;
    index.adopt(await HnswSegment.open(path.join(this.options.folder, segment.file), segment, row.dim), []);
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
}
