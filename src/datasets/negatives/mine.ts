import { ordered } from '../making/ordered.ts';
import type { AuditSettings, Margin, NegativeSource } from '../making/types.ts';
import { NumpyRng } from '../numpy-rng.ts';
import type { RetrievalRow } from '../types.ts';
import { AnswerCounts, textReasons } from './audit.ts';
import type { MiningRow, PassagePool } from './pool.ts';
import type { Mined, Quarantined, Reason, Scored } from './types.ts';

/** What finds passages for a question: one for each ranked source. */
export interface Finder {
  /** Passages by rank; the row's own may be among them. */
  find(query: string, limit: number): Promise<readonly Scored[]>;
  /** The score of a positive, on the same scale. */
  scoreOf(query: string, passage: string): number;
}

/** Cosine of a question and a passage; null when that passage has not been embedded. */
export type Measure = (query: string, passage: string) => number | null;

/** A vote on a negative that all else let pass: why it may be right, or nothing. */
export type Vote = (row: MiningRow, passage: string) => Promise<Reason | undefined>;

export interface MiningPlan {
  readonly sources: readonly NegativeSource[];
  /** In the order of the sources; undefined for those without ranks. */
  readonly finders: readonly (Finder | undefined)[];
  readonly seed: number;
  readonly margin: Margin | null;
  readonly fill: boolean;
  readonly audit: Pick<AuditSettings, 'duplicates' | 'answers' | 'above'>;
  readonly measure: Measure | null;
  /** Embedder of `measure`, or of the source whose scores stand in for it. */
  readonly measuredBy: string | null;
  readonly votes: readonly Vote[];
  readonly instruction: string;
  readonly concurrency: number;
}

export interface MinedRow {
  /** Null when no negative is left. */
  readonly row: RetrievalRow | null;
  readonly mined: Mined;
  readonly quarantined: readonly Quarantined[];
  /** Negatives that were wanted and not found. */
  readonly short: number;
  /** Cosine of a passage drawn at random, to compare with. */
  readonly random: number | null;
}

interface Candidate {
  readonly at: number;
  readonly from: string;
  readonly rank: number | null;
  readonly score: number | null;
}

/** A draw at random gives up after so many misses for each negative wanted. */
const TRIES = 50;
/** More of one row says no more. */
const KEPT_QUARANTINED = 20;

/**
 * Finds the negatives of every row, in the order of the rows. Each row has its own stream of chance (seed and row
 * number), so that neither the other rows nor the concurrency change what it gets.
 */
export function mineNegatives(
  rows: readonly MiningRow[],
  pool: PassagePool,
  plan: MiningPlan,
): AsyncGenerator<MinedRow> {
  const counts = new AnswerCounts(pool.texts);
  return ordered(rows, plan.concurrency, (row) => new RowMiner(row, pool, plan, counts).mine());
}

class RowMiner {
  private readonly rng: NumpyRng;
  private readonly chosen = new Map<number, Candidate>();
  private readonly refused = new Set<number>();
  private readonly quarantined: Quarantined[] = [];
  private readonly positive: number | null;

  constructor(
    private readonly row: MiningRow,
    private readonly pool: PassagePool,
    private readonly plan: MiningPlan,
    private readonly counts: AnswerCounts,
  ) {
    this.rng = new NumpyRng((BigInt(plan.seed) << 32n) | BigInt(row.number));
    const measure = plan.measure ?? this.standIn();
    this.positive = measure ? best(row.positives.map((text) => measure(row.query, text))) : null;
  }

  /** Without passages embedded by us, the source's own scores tell the difficulty. */
  private standIn(): Measure | undefined {
    const at = this.plan.sources.findIndex(
      (source) => source.from === 'embedder' && source.embedder === this.plan.measuredBy,
    );
    return this.plan.finders[at]?.scoreOf;
  }

  async mine(): Promise<MinedRow> {
    const { row, plan } = this;
    // Drawn first, so that it does not depend on what is chosen.
    const random = plan.measure ? plan.measure(row.query, this.pool.textOf(this.drawOther())) : null;
    let wanted = 0;
    for (const [index, source] of plan.sources.entries()) {
      const count = source.from === 'existing' ? row.existing.length : source.count;
      wanted += source.from === 'existing' ? 0 : count;
      const finder = plan.finders[index];
      await this.take(this.candidates(source, finder), count, this.marginOf(source, finder));
    }
    if (plan.fill && this.chosen.size < wanted) await this.take(this.draws('fill'), wanted - this.chosen.size, null);
    const negatives = [...this.chosen.values()];
    const prompt = plan.instruction || row.prompt;
    return {
      row:
        negatives.length === 0
          ? null
          : {
              query: row.query,
              pos: [...row.positives],
              neg: negatives.map(({ at }) => this.pool.textOf(at)),
              ...(prompt ? { prompt } : {}),
            },
      mined: {
        row: row.number,
        positive: this.positive,
        negatives: negatives.map((one) => ({
          from: one.from,
          rank: one.rank,
          score: one.score,
          measured: this.measured(one),
        })),
      },
      quarantined: this.quarantined,
      short: Math.max(0, wanted - negatives.length),
      random,
    };
  }

  private async take(
    candidates: AsyncIterable<Candidate>,
    count: number,
    margin: ((score: number) => Reason | undefined) | null,
  ): Promise<void> {
    let taken = 0;
    if (count === 0) return;
    for await (const candidate of candidates) {
      if (this.chosen.has(candidate.at) || this.refused.has(candidate.at)) continue;
      const reasons = await this.reasons(candidate, margin);
      if (reasons.length > 0) {
        this.refuse(candidate, reasons);
        continue;
      }
      this.chosen.set(candidate.at, candidate);
      taken += 1;
      if (taken === count) return;
    }
  }

  private async reasons(
    candidate: Candidate,
    margin: ((score: number) => Reason | undefined) | null,
  ): Promise<Reason[]> {
    const { at, score } = candidate;
    if (this.row.own.has(at)) return [{ rule: 'same-text', detail: 'a positive of this very question' }];
    const text = this.pool.textOf(at);
    const close = score === null || margin === null ? undefined : margin(score);
    const cheap = [
      ...(close ? [close] : []),
      ...textReasons(this.plan.audit, this.row, text, this.counts),
      ...this.above(candidate),
    ];
    if (cheap.length > 0) return cheap;
    for (const vote of this.plan.votes) {
      const reason = await vote(this.row, text);
      if (reason) return [reason];
    }
    return [];
  }

  private above(candidate: Candidate): Reason[] {
    const limit = this.plan.audit.above;
    const score = limit === null ? null : this.measured(candidate);
    if (limit === null || score === null || this.positive === null || score <= this.positive + limit) return [];
    return [{ rule: 'score', detail: `scores ${score.toFixed(3)}, the positive ${this.positive.toFixed(3)}` }];
  }

  private refuse({ at, from, rank, score }: Candidate, reasons: Reason[]): void {
    this.refused.add(at);
    if (this.quarantined.length >= KEPT_QUARANTINED) return;
    const { number, query } = this.row;
    this.quarantined.push({ row: number, query, text: this.pool.textOf(at), from, rank, score, reasons });
  }

  private async *candidates(source: NegativeSource, finder: Finder | undefined): AsyncGenerator<Candidate> {
    if (source.from === 'random') yield* this.draws('random');
    else if (source.from === 'existing') yield* this.existing();
    else if (finder) yield* this.ranked(source, finder);
  }

  private async *ranked(
    source: Extract<NegativeSource, { from: 'bm25' | 'embedder' }>,
    finder: Finder,
  ): AsyncGenerator<Candidate> {
    const [first, last] = source.ranks;
    const { own, query, positives } = this.row;
    const found = await finder.find(query, last + own.size);
    const from = source.from === 'bm25' ? 'bm25' : source.embedder;
    const others = found
      .filter(({ at }) => !own.has(at) && !positives.includes(this.pool.textOf(at)))
      .map(({ at, score }, index) => ({ at, from, rank: index + 1, score }))
      .slice(first - 1, last);
    if (source.choose === 'top') {
      yield* others;
      return;
    }
    for (const place of this.rng.permutation(others.length)) {
      const candidate = others[place];
      if (candidate) yield candidate;
    }
  }

  private async *existing(): AsyncGenerator<Candidate> {
    for (const text of this.row.existing) {
      const at = this.pool.find(text);
      // One that is also a positive of the question is a finding of the audit, not passed over in silence.
      if (at !== undefined) yield { at, from: 'existing', rank: null, score: null };
    }
  }

  private async *draws(from: string): AsyncGenerator<Candidate> {
    let misses = 0;
    while (misses < TRIES * (this.row.own.size + this.chosen.size + 10)) {
      const at = this.rng.upTo(this.pool.texts.length - 1);
      if (this.row.own.has(at) || this.chosen.has(at) || this.refused.has(at)) misses += 1;
      else yield { at, from, rank: null, score: null };
    }
  }

  private drawOther(): number {
    let at = this.rng.upTo(this.pool.texts.length - 1);
    for (let tries = 0; this.row.own.has(at) && tries < TRIES; tries += 1) {
      at = this.rng.upTo(this.pool.texts.length - 1);
    }
    return at;
  }

  private measured({ at, from, score }: Candidate): number | null {
    const { measure, measuredBy } = this.plan;
    if (measure) return measure(this.row.query, this.pool.textOf(at));
    return from === measuredBy ? score : null;
  }

  /** Whether a score is too close to the positive's by the same scorer. BM25 has no scale for a distance. */
  private marginOf(source: NegativeSource, finder: Finder | undefined): ((score: number) => Reason | undefined) | null {
    const { margin } = this.plan;
    if (!margin || !finder || (source.from === 'bm25' && margin.kind === 'absolute')) return null;
    const positive = Math.max(...this.row.positives.map((text) => finder.scoreOf(this.row.query, text)));
    const limit = margin.kind === 'absolute' ? positive - margin.value : positive * margin.value;
    const told = (score: number) => `scores ${score.toFixed(3)}; at most ${limit.toFixed(3)} was allowed`;
    return (score) => (score <= limit ? undefined : { rule: 'margin', detail: told(score) });
  }
}

function best(scores: readonly (number | null)[]): number | null {
  const known = scores.filter((score) => score !== null);
  return known.length === 0 ? null : Math.max(...known);
}
