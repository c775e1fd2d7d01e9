import path from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import type { IndexRow, SegmentRow } from '../../db/index-table.ts';
import type { Tables } from '../../db/tables.ts';
import { toVector } from '../../db/vectors-table.ts';
import { toRagtuiError } from '../../platform/errors.ts';
import type { IndexChange } from '../store/context.ts';
import type { AnnIndex, Neighbour } from './ann-index.ts';
import { ExactIndex } from './exact.ts';
import { HnswSegment } from './hnsw.ts';
import { type IndexState, tailMax } from './plan-build.ts';
import { TopK } from './top-k.ts';

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}

const PAGE = 256;
/** Members whose scores stand for all. */
const SAMPLE = 256;

/** A segment file that is not what the database says. */
export interface DamagedSegment {
  readonly row: SegmentRow;
  readonly reason: string;
}

/**
 * One index in memory: segments read from files, and all other members in an exact scan. What is searched is always
 * what `member` says, whichever files are there: a segment's vectors that are no members count as removed, members in
 * no segment are scanned. So a missing, stale or damaged file costs time, never an answer. Only where more members are in
 * no segment than memory should hold do the rest wait for theirs, and a search says how many (`waiting`).
 */
export class OpenIndex {
  segments: HnswSegment[] = [];
  readonly tail: ExactIndex;
  readonly ready: Promise<void>;
  readonly damaged: DamagedSegment[] = [];
  /** Set while a segment is built or waits for it. */
  building = false;
  /** No more changes are expected for now: small tails are worth a build. */
  quiet = false;
  #loading = true;
  #sample: ExactIndex | undefined;
  #sampledAt = 0;
  readonly #late: IndexChange[] = [];
  /** Members that are in no segment and have no room in the tail. */
  readonly #waiting = new Set<number>();

  constructor(
    readonly row: IndexRow,
    readonly tables: Tables,
    readonly folder: string,
  ) {
    this.tail = new ExactIndex(row.dim);
    this.ready = this.#load();
  }

  get size(): number {
    return this.segments.reduce((sum, segment) => sum + segment.size, this.tail.size);
  }

  /** How many members no search finds until their segment is built. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Up to `count` members for the next segment: first those that no search finds. */
  nextSlots(count: number): number[] {
    const slots: number[] = [];
    for (const slot of this.#waiting)
      if (slots.length < count) slots.push(slot);
      else break;
    return [...slots, ...this.tail.slots().slice(0, count - slots.length)];
  }

  get kind(): AnnIndex['kind'] {
    return this.segments.length > 0 ? 'hnsw' : 'exact';
  }

  has(slot: number): boolean {
    return this.tail.has(slot) || this.segments.some((segment) => segment.has(slot));
  }

  state(): IndexState {
    return {
      dim: this.row.dim,
      tail: this.tail.size + this.#waiting.size,
      segments: this.segments.map(({ row, size, deadShare }) => ({ id: row.id, live: size, deadShare })),
    };
  }

  search(query: Float32Array, k: number): Neighbour[] {
    if (this.segments.length === 0) return this.tail.search(query, k);
    const best = new TopK(k);
    for (const part of [...this.segments, this.tail]) {
      for (const { slot, score } of part.search(query, k)) best.offer(slot, score);
    }
    return best.sorted();
  }

  /** The nearest among some members only, all of them compared: those that wait for their segment, too. */
  searchAmong(query: Float32Array, slots: readonly number[], k: number): Neighbour[] {
    const best = new TopK(k);
    for (const slot of slots) {
      if (!this.#knows(slot)) continue;
      const bytes = this.tables.vectors.bySlotOf(this.row.embedder_id, slot);
      if (bytes) best.offer(slot, dot(query, toVector(bytes)));
    }
    return best.sorted();
  }

  /** What the query scores with texts of this index in general: cosines with a sample of its members. */
  usualScores(query: Float32Array): number[] {
    return this.#sampleOf()
      .search(query, SAMPLE)
      .map((neighbour) => neighbour.score);
  }

  /** Follows a commit. Doing it twice changes nothing. */
  apply(change: IndexChange): void {
    if (this.#loading) {
      this.#late.push(change);
      return;
    }
    this.quiet = false;
    if (change.op === 'add') {
      if (!this.segments.some((segment) => segment.revive(change.slot))) this.#scan(change.slot);
      return;
    }
    this.tail.remove(change.slot);
    this.#waiting.delete(change.slot);
    for (const segment of this.segments) segment.remove(change.slot);
  }

  /** Takes a new segment in, in place of those it was made from. */
  adopt(segment: HnswSegment, replaced: readonly number[]): void {
    const before = [this.tail, ...this.segments.filter(({ row }) => replaced.includes(row.id))];
    for (const slot of segment.labels()) {
      if (!this.#waiting.has(slot) && !before.some((part) => part.has(slot))) segment.remove(slot);
    }
    // What came back to a replaced segment after the build had begun is in no other place.
    const rest = before.slice(1).flatMap((part) => (part instanceof HnswSegment ? part.liveSlots() : []));
    this.segments = [...this.segments.filter(({ row }) => !replaced.includes(row.id)), segment];
    for (const slot of segment.labels()) {
      this.tail.remove(slot);
      this.#waiting.delete(slot);
    }
    for (const slot of rest) if (!segment.has(slot)) this.#scan(slot);
    for (const slot of this.#waiting) {
      if (this.tail.size >= tailMax(this.row.dim)) break;
      this.#waiting.delete(slot);
      this.#scan(slot);
    }
  }

  /** Drops all segments; their vectors are scanned from now on. Only for what an exact scan does quickly. */
  dissolve(): void {
    const slots = this.segments.flatMap((segment) => segment.liveSlots());
    this.segments = [];
    for (const slot of slots) this.#scan(slot);
  }

  /** How many members are neither found nor waiting for their segment. */
  absentOf(members: number): number {
    const slots = this.tables.index.slotsAfter(this.row.id, 0, members);
    return slots.filter((slot) => !this.#knows(slot)).length;
  }

  #knows(slot: number): boolean {
    return this.has(slot) || this.#waiting.has(slot);
  }

  /** Taken once, and again when the index has grown by half: a picture of the whole, not of its newest part. */
  #sampleOf(): ExactIndex {
    if (this.#sample && this.size <= this.#sampledAt * 1.5) return this.#sample;
    const sample = new ExactIndex(this.row.dim, SAMPLE);
    const slots = [...this.tail.slots(), ...this.segments.flatMap((segment) => segment.liveSlots())];
    const step = Math.max(1, Math.floor(slots.length / SAMPLE));
    for (let at = 0; at < slots.length && sample.size < SAMPLE; at += step) {
      const slot = slots[at] ?? 0;
      const bytes = this.tables.vectors.bySlotOf(this.row.embedder_id, slot);
      if (bytes) sample.add(slot, toVector(bytes));
    }
    this.#sample = sample;
    this.#sampledAt = this.size;
    return sample;
  }

  #scan(slot: number): void {
    if (this.tail.has(slot)) return;
    if (this.tail.size >= tailMax(this.row.dim)) {
      this.#waiting.add(slot);
      return;
    }
    const bytes = this.tables.vectors.bySlotOf(this.row.embedder_id, slot);
    if (bytes) this.tail.add(slot, toVector(bytes));
  }

  async #load(): Promise<void> {
    for (const row of this.tables.index.segments(this.row.id)) {
      try {
        this.segments.push(await HnswSegment.open(path.join(this.folder, row.file), row, this.row.dim));
      } catch (error) {
        this.damaged.push({ row, reason: toRagtuiError(error).message });
      }
    }
    await this.#readMembers();
    this.#loading = false;
    for (const change of this.#late.splice(0)) this.apply(change);
  }

  /** What is a member is found in the first segment that has it, else scanned; what is none is found nowhere. */
  async #readMembers(): Promise<void> {
    for (const segment of this.segments) segment.removeAll();
    let last = 0;
    for (;;) {
      const page = this.tables.index.slotsAfter(this.row.id, last, PAGE);
      for (const slot of page) {
        last = slot;
        if (!this.segments.some((segment) => segment.revive(slot))) this.#scan(slot);
      }
      if (page.length < PAGE) return;
      await nextTick();
    }
  }
}
