import { signatureOf } from './doctor/text/minhash.ts';
import { jaccard, NEARLY_SAME, shingleHashes } from './doctor/text/shingles.ts';

/** Texts seen so far; tells whether another one is nearly one of them. MinHash finds candidates, shingles decide. */
export class SeenTexts {
  private readonly texts: { readonly text: string; readonly shingles: ReadonlySet<number> }[] = [];
  private readonly byBand = new Map<string, number[]>();

  /** The earlier text that this one is nearly the same as, and how alike they are. */
  near(text: string): { readonly text: string; readonly similarity: number } | undefined {
    const shingles = new Set(shingleHashes(text));
    const candidates = new Set(bandsOf(shingles).flatMap((band) => this.byBand.get(band) ?? []));
    for (const at of candidates) {
      const other = this.texts[at];
      const similarity = other ? jaccard(shingles, other.shingles) : 0;
      if (other && similarity >= NEARLY_SAME) return { text: other.text, similarity };
    }
    return undefined;
  }

  add(text: string): void {
    const shingles = new Set(shingleHashes(text));
    const at = this.texts.push({ text, shingles }) - 1;
    for (const band of bandsOf(shingles)) this.byBand.set(band, [...(this.byBand.get(band) ?? []), at]);
  }
}

const bandsOf = (shingles: ReadonlySet<number>): string[] =>
  [...(signatureOf(shingles)?.bands ?? [])].map((key, band) => `${band} ${key}`);
