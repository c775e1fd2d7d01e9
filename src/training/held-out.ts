import { looseKey } from '../datasets/negatives/random.ts';
import { NumpyRng } from '../datasets/numpy-rng.ts';
import { type AnyDataset, findPart } from '../datasets/open.ts';
import { type DatasetManifest, isComplete, type RetrievalRow } from '../datasets/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { EmbedderTraining, presetOfEmbedder } from './types.ts';

/** Parts that are held out, the one to choose a training by first. */
const HELD_OUT = ['dev', 'validation', 'valid', 'val', 'test'];
const NONE = 'none';

/** What is searched at most, so that an evaluation stays a small part of its training. */
export const HELD_OUT_LIMITS = {
  cpu: { queries: 200, passages: 1000 },
  tutorial: { queries: 1000, passages: 20_000 },
} as const satisfies Readonly<Record<ReturnType<typeof presetOfEmbedder>, HeldOutLimits>>;
export interface HeldOutLimits {
  readonly queries: number;
  readonly passages: number;
}

/**
 * The part that is searched while training: the one that was asked for, else the held-out sibling of the training part;
 * undefined when there is none. Errors: `not-found`, `usage` for the training part itself.
 */
export function heldOutPart(dataset: AnyDataset, { split, embedder }: EmbedderTraining): string | undefined {
  const asked = embedder?.evalSplit;
  if (asked === NONE) return undefined;
  if (asked !== undefined) {
    dataset.count(asked);
    if (asked !== 'all' && full(dataset, asked) !== full(dataset, split)) return asked;
    throw new RagtuiError(
      'usage',
      `The part "${asked}" is trained on: what is found in it says nothing.`,
      'Name another part with --eval-split, or none.',
    );
  }
  return siblingPart(dataset.manifest, split);
}

/** The held-out part beside a training part; undefined where there is none. Errors: those of `findPart`. */
export function siblingPart(manifest: DatasetManifest, split: string): string | undefined {
  if (split === 'all') return undefined;
  const own = findPart(manifest, split);
  const parts = manifest.splits.find(({ name }) => name === own.split)?.parts ?? [];
  const found = HELD_OUT.find((name) => name !== own.part && parts.some((part) => part.name === name && part.rows > 0));
  return found && `${own.split}/${found}`;
}

function full({ manifest }: AnyDataset, ref: string): string {
  if (ref === 'all') return ref;
  const { split, part } = findPart(manifest, ref);
  return `${split}/${part}`;
}

/** A question of the held-out part; `gold` and `neg` are places in the pool. */
export interface HeldOutQuery {
  readonly text: string;
  readonly prompt?: string;
  readonly gold: readonly number[];
  /** As many as a training group has; fewer where there are no more. Only the loss looks at them. */
  readonly neg: readonly number[];
}

/** What `held_out.py` reads, and what it is a sample of. */
export interface HeldOutSet {
  readonly queries: readonly HeldOutQuery[];
  readonly passages: readonly string[];
  readonly of: { readonly queries: number; readonly passages: number };
}

/**
 * The questions of a part and the pool of all its passages, positives and negatives, each once. Rows that ask the same
 * are one question with all their positives. What is over the limits is left to chance (`seed`); the positives and the
 * group's negatives of the questions stay. Errors: `invalid` when the part has no complete row.
 */
export async function heldOutSet(
  dataset: AnyDataset,
  part: string,
  options: { readonly seed: number; readonly groupSize: number; readonly limits: HeldOutLimits },
): Promise<HeldOutSet> {
  const pool = new Pool();
  const asked = new Map<string, { row: RetrievalRow; gold: Set<number>; neg: Set<number> }>();
  for await (const row of retrievalLike(dataset, part)) {
    const gold = row.pos.map((text) => pool.place(text));
    const neg = row.neg.map((text) => pool.place(text));
    const key = JSON.stringify([row.query, row.prompt]);
    const known = asked.get(key) ?? { row, gold: new Set(), neg: new Set() };
    asked.set(key, known);
    for (const one of gold) known.gold.add(one);
    for (const one of neg) known.neg.add(one);
  }
  if (asked.size === 0) throw new RagtuiError('invalid', `The part "${part}" has no complete row.`, 'Take another.');
  const rng = new NumpyRng(options.seed);
  const all = [...asked.values()];
  // In an order left to chance: the loss looks at neighbours, and those of a file are about the same passage.
  const chosen = rng
    .permutation(all.length)
    .slice(0, options.limits.queries)
    .flatMap((at) => all[at] ?? []);
  const kept = new Set(chosen.flatMap(({ gold }) => [...gold]));
  const groups = chosen.map(({ gold, neg }) => {
    const own = neg.size > 0 ? [...neg].filter((place) => !gold.has(place)) : undefined;
    return pick(rng, own, pool.texts.length, gold, options.groupSize - 1);
  });
  for (const place of groups.flat()) if (kept.size < options.limits.passages) kept.add(place);
  for (const place of rng.permutation(pool.texts.length)) if (kept.size < options.limits.passages) kept.add(place);
  const order = [...kept].sort((a, b) => a - b);
  const places = new Map(order.map((place, at) => [place, at]));
  const placed = (old: Iterable<number>): number[] => [...old].flatMap((place) => places.get(place) ?? []);
  return {
    queries: chosen.map(({ row, gold }, at) => ({
      text: row.query,
      ...(row.prompt === undefined ? {} : { prompt: row.prompt }),
      gold: placed(gold),
      neg: placed(groups[at] ?? []),
    })),
    passages: order.map((place) => pool.texts[place] ?? ''),
    of: { queries: all.length, passages: pool.texts.length },
  };
}

/** `count` of `own`, or of all places but the gold ones. */
function pick(
  rng: NumpyRng,
  own: readonly number[] | undefined,
  size: number,
  gold: ReadonlySet<number>,
  count: number,
): number[] {
  if (own)
    return rng
      .permutation(own.length)
      .slice(0, count)
      .flatMap((at) => own[at] ?? []);
  const wanted = Math.min(count, size - gold.size);
  const found = new Set<number>();
  while (found.size < wanted) {
    const place = rng.upTo(size - 1);
    if (!gold.has(place)) found.add(place);
  }
  return [...found];
}

/** Rows of a part as questions with passages; those of `qa` bring no negatives of their own. */
async function* retrievalLike(dataset: AnyDataset, part: string): AsyncGenerator<RetrievalRow> {
  if (dataset.kind === 'retrieval') yield* dataset.rows(part);
  else if (dataset.kind === 'qa') {
    for await (const row of dataset.rows(part)) {
      if (isComplete(row)) yield { query: row.question, pos: [row.context], neg: [] };
    }
  }
}

/** Different passages; those that differ in white space or width alone are one. */
class Pool {
  readonly texts: string[] = [];
  readonly #places = new Map<string, number>();

  place(text: string): number {
    const key = looseKey(text);
    const place = this.#places.get(key) ?? this.texts.length;
    if (place === this.texts.length) {
      this.#places.set(key, place);
      this.texts.push(text);
    }
    return place;
  }
}

/**
 * How many held-out questions are also asked in the training rows, and how many have a passage that is a positive there.
 * Exact but for white space; `dataset check` looks deeper.
 */
export function leaksOf(
  { queries, passages }: HeldOutSet,
  training: Iterable<Pick<RetrievalRow, 'query' | 'pos'>>,
): { readonly questions: number; readonly passages: number } {
  const asked = new Set<string>();
  const seen = new Set<string>();
  for (const { query, pos } of training) {
    asked.add(looseKey(query));
    for (const text of pos) seen.add(looseKey(text));
  }
  const known = passages.map((text) => seen.has(looseKey(text)));
  return {
    questions: queries.filter(({ text }) => asked.has(looseKey(text))).length,
    passages: queries.filter(({ gold }) => gold.some((place) => known[place])).length,
  };
}
