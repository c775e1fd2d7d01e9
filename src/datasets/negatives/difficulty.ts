import type { Mined } from './types.ts';

/** How hard negatives are, by the measuring embedder: how often one scores above its positive, and how far below it is on average. */
export class Difficulty {
  private readonly ours = new Comparison();
  private readonly chance = new Comparison();

  /** `random`: the score of one passage drawn by chance for the same question. */
  add({ positive, negatives }: Pick<Mined, 'positive' | 'negatives'>, random: number | null): void {
    if (positive === null) return;
    for (const { measured } of negatives) if (measured !== null) this.ours.add(positive, measured);
    if (random !== null) this.chance.add(positive, random);
  }

  counts(): Record<string, number> {
    return { ...this.ours.counts('above the positive'), ...this.chance.counts('above the positive, by chance') };
  }

  notes(embedder: string | null): string[] {
    if (embedder === null || this.ours.count === 0) return [];
    const chance = this.chance.count > 0 ? `; a passage drawn at random: ${this.chance.words()}` : '';
    return [`By ${embedder}, ${this.ours.words()}${chance}.`];
  }
}

class Comparison {
  count = 0;
  private above = 0;
  private gaps = 0;

  add(positive: number, negative: number): void {
    this.count += 1;
    if (negative > positive) this.above += 1;
    this.gaps += positive - negative;
  }

  counts(name: string): Record<string, number> {
    return this.count === 0 ? {} : { [`share ${name}`]: round(this.above / this.count) };
  }

  /** `2.1 % of 630 negatives score above their positive (0.212 below it on average)`. */
  words(): string {
    const share = ((100 * this.above) / this.count).toFixed(1);
    const gap = this.gaps / this.count;
    return `${share} % of ${this.count} score above the positive (${Math.abs(gap).toFixed(3)} ${gap < 0 ? 'above' : 'below'} it on average)`;
  }
}

const round = (value: number): number => Math.round(value * 10_000) / 10_000;
