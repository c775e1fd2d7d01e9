import type { RowView } from './row-view.ts';
import { hashFolded, hashText } from './text/hash.ts';
import { KeyTable, Numbers } from './text/key-table.ts';
import { signatureOf } from './text/minhash.ts';
import { shingleHashes } from './text/shingles.ts';
import { Signatures } from './text/signatures.ts';

/** Contexts with fewer shingles are too short for "nearly the same" to mean anything. */
const FEWEST_SHINGLES = 8;

/**
 * Keys of all rows in flat arrays: 40 bytes for each row and 110 for each different context, and no text. Rows must be
 * added in their order, from 0.
 */
export class RowIndex {
  readonly ids = new Numbers(new Float64Array(0));
  /** Of the question as a reader sees it; 0: there is none. */
  readonly questions = new Numbers(new Float64Array(0));
  /** Of the first answer, likewise. */
  readonly answers = new Numbers(new Float64Array(0));
  /** Row in which a context comes first. */
  readonly contextRows = new Numbers(new Int32Array(0));
  /** Which of that row's contexts it is. */
  readonly contextPlaces = new Numbers(new Uint32Array(0));
  readonly signatures = new Signatures();
  private readonly contextTable: KeyTable;
  private readonly starts = new Numbers(new Int32Array(0));
  private readonly list = new Numbers(new Int32Array(0));

  constructor(rows: number) {
    this.contextTable = new KeyTable(Math.min(rows, 1 << 16));
  }

  get rows(): number {
    return this.ids.length;
  }

  get contexts(): number {
    return this.contextRows.length;
  }

  add(view: RowView): void {
    const number = this.rows;
    this.ids.push(view.id === '' ? 0 : hashText(view.id));
    this.questions.push(hashFolded(view.question));
    this.answers.push(hashFolded(view.answers[0]?.text ?? ''));
    this.starts.push(this.list.length);
    for (const [place, text] of view.contexts.entries()) this.list.push(this.contextOf(text, number, place));
  }

  private contextOf(text: string, row: number, place: number): number {
    const next = this.contexts;
    const known = this.contextTable.firstOrKeep(hashText(text), next);
    if (known >= 0) return known;
    this.contextRows.push(row);
    this.contextPlaces.push(place);
    const shingles = shingleHashes(text);
    this.signatures.add(shingles.length < FEWEST_SHINGLES ? undefined : signatureOf(shingles));
    return next;
  }

  /** Numbers of the different contexts of a row, mostly one. */
  contextsOf(row: number): number[] {
    const end = row + 1 < this.rows ? this.starts.at(row + 1) : this.list.length;
    return Array.from({ length: end - this.starts.at(row) }, (_, at) => this.list.at(this.starts.at(row) + at));
  }

  /** The number of a context that is exactly this text, or -1. */
  find(text: string): number {
    return this.contextTable.get(hashText(text));
  }
}
