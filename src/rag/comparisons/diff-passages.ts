import type { Hit } from '../../kb/types.ts';

export interface PassagePlace {
  readonly rank: number;
  readonly score: number;
  readonly scoreKind: Hit['scoreKind'];
}

/** A passage that one of two columns found. */
export interface PassageDiff {
  /** `same` rank in both, `moved`, `new` in the other column, `gone` from it. */
  readonly kind: 'same' | 'moved' | 'new' | 'gone';
  /** As the other column has it; as base has it when it is gone. */
  readonly hit: Hit;
  readonly base: PassagePlace | null;
  readonly other: PassagePlace | null;
  /** Ranks it moved up against base (negative: down); null when only one has it. */
  readonly change: number | null;
  /** For `new` ones: rank of the base passage that holds some of the same text (another node group cut it elsewhere). */
  readonly overlaps: number | null;
}

/** What the other column found against base, in its own order; what is gone stands last. Pure. */
export function diffPassages(base: readonly Hit[], other: readonly Hit[]): PassageDiff[] {
  const found = other.map((hit): PassageDiff => {
    const there = base.find((one) => samePassage(one, hit));
    if (!there) {
      const overlaps = base.find((one) => overlap(one, hit))?.rank ?? null;
      return { kind: 'new', hit, base: null, other: placeOf(hit), change: null, overlaps };
    }
    const change = there.rank - hit.rank;
    const kind = change === 0 ? 'same' : 'moved';
    return { kind, hit, base: placeOf(there), other: placeOf(hit), change, overlaps: null };
  });
  const gone = base
    .filter((hit) => !other.some((one) => samePassage(one, hit)))
    .map(
      (hit): PassageDiff => ({
        kind: 'gone',
        hit,
        base: placeOf(hit),
        other: null,
        change: null,
        overlaps: null,
      }),
    );
  return [...found, ...gone];
}

const placeOf = ({ rank, score, scoreKind }: Hit): PassagePlace => ({ rank, score, scoreKind });

/** The same chunk, or the same place and text of a document that was ingested anew in between. */
const samePassage = (a: Hit, b: Hit): boolean =>
  a.chunkId === b.chunkId || (a.document === b.document && a.start === b.start && a.text === b.text);

const overlap = (a: Hit, b: Hit): boolean => a.document === b.document && a.start < b.end && b.start < a.end;

/**
 * Which answers are alike to the letter (white space at the ends apart): indices of two or more each, in order. Null
 * (no answer) and empty ones are in no group. Pure.
 */
export function identicalGroups(answers: readonly (string | null)[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [index, answer] of answers.entries()) {
    const text = answer?.trim() ?? '';
    if (text !== '') groups.set(text, [...(groups.get(text) ?? []), index]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}
