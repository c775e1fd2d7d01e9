import { RagtuiError } from '../../platform/errors.ts';
import type { AnyDataset } from '../open.ts';
import { isComplete } from '../types.ts';
import { looseKey } from './random.ts';

/** A question with what is right for it. */
export interface MiningRow {
  /** Its number in the dataset. */
  readonly number: number;
  readonly query: string;
  readonly positives: readonly string[];
  /** Known answers; none for retrieval rows. */
  readonly answers: readonly string[];
  /** Negatives it has already. */
  readonly existing: readonly string[];
  readonly prompt: string | undefined;
  /** Places in the pool that are never negatives of it. */
  readonly own: ReadonlySet<number>;
}

/** Different passages by their text (white space and width apart); what negatives are taken from. */
export class PassagePool {
  readonly texts: string[] = [];
  private readonly places = new Map<string, number>();

  /** The place of a text, which is added when it is new. */
  add(text: string): number {
    const key = looseKey(text);
    const known = this.places.get(key);
    if (known !== undefined) return known;
    this.places.set(key, this.texts.length);
    this.texts.push(text);
    return this.texts.length - 1;
  }

  find(text: string): number | undefined {
    return this.places.get(looseKey(text));
  }

  textOf(at: number): string {
    return this.texts[at] ?? '';
  }
}

/**
 * The rows of a part, and its passages: contexts of `qa` rows, positives and negatives of `retrieval` rows; or the
 * passages given instead. Incomplete rows are left out. Errors: `unsupported` for other kinds, `invalid` without a row.
 */
export async function readRows(
  dataset: AnyDataset,
  part: string | undefined,
  passages: Iterable<string> | undefined,
): Promise<{ rows: MiningRow[]; pool: PassagePool }> {
  const pool = new PassagePool();
  for (const text of passages ?? []) pool.add(text);
  const make = passages === undefined ? (text: string) => pool.add(text) : (text: string) => pool.find(text);
  const rows = dataset.kind === 'qa' ? await qaRows(dataset, part, make) : await retrievalRows(dataset, part, make);
  if (rows.length > 0) return { rows, pool };
  throw new RagtuiError('invalid', 'There is no complete row to find negatives for.', 'Take another part.');
}

type PlaceOf = (text: string) => number | undefined;
type Numbered = Pick<AnyDataset, 'rowNumbers'>;

async function qaRows(
  dataset: Extract<AnyDataset, { kind: 'qa' }>,
  part: string | undefined,
  placeOf: PlaceOf,
): Promise<MiningRow[]> {
  const rows: Omit<MiningRow, 'own'>[] = [];
  const contextIds: string[] = [];
  const byId = new Map<string, Set<number>>();
  const numbers = (dataset satisfies Numbered).rowNumbers(part);
  let index = 0;
  for await (const row of dataset.rows(part)) {
    const number = numbers[index++] ?? 0;
    if (row.context.trim() === '') continue;
    const place = placeOf(row.context);
    const places = byId.get(row.contextId) ?? new Set();
    if (place !== undefined) places.add(place);
    byId.set(row.contextId, places);
    if (!isComplete(row)) continue;
    const { question: query, context, answers, contextId } = row;
    rows.push({ number, query, positives: [context], answers, existing: [], prompt: undefined });
    contextIds.push(contextId);
  }
  return rows.map((row, at) => ({ ...row, own: byId.get(contextIds[at] ?? '') ?? new Set() }));
}

async function retrievalRows(dataset: AnyDataset, part: string | undefined, placeOf: PlaceOf): Promise<MiningRow[]> {
  if (dataset.kind !== 'retrieval') {
    throw new RagtuiError(
      'unsupported',
      `The dataset "${dataset.manifest.name}" holds ${dataset.kind} rows; negatives are for qa and retrieval rows.`,
      'See "ragtui dataset list".',
    );
  }
  const rows: MiningRow[] = [];
  // One question may stand in several rows: what is right in one of them is never wrong in another.
  const byQuery = new Map<string, Set<number>>();
  const numbers = dataset.rowNumbers(part);
  let index = 0;
  for await (const { query, pos, neg, prompt } of dataset.rows(part)) {
    const number = numbers[index++] ?? 0;
    const own = byQuery.get(looseKey(query)) ?? new Set();
    for (const place of pos.map(placeOf)) if (place !== undefined) own.add(place);
    byQuery.set(looseKey(query), own);
    for (const text of neg) placeOf(text);
    rows.push({ number, query, positives: pos, answers: [], existing: neg, prompt, own });
  }
  return rows;
}
