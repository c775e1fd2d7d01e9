import { TopK } from '../../kb/index/top-k.ts';
import { tokenize } from '../../kb/retrieve/segment.ts';
import type { Scored } from './types.ts';

/** Okapi BM25 with the constants of SQLite's FTS5, which a knowledge base uses. */
const K1 = 1.2;
const B = 0.75;

interface Postings {
  readonly at: number[];
  readonly times: number[];
}

/**
 * BM25 over texts in memory, tokenised as the full-text index does. score = Σ idf · tf (k1 + 1) / (tf + k1 (1 − b + b · length / mean)),
 * idf = ln(1 + (N − n + ½) / (n + ½)) (Robertson and Zaragoza 2009; the 1 + keeps it above 0).
 */
export class Bm25Index {
  private readonly postings = new Map<string, Postings>();
  private readonly lengths: Float64Array;
  private readonly mean: number;
  private readonly sums: Float64Array;

  constructor(texts: readonly string[]) {
    this.lengths = new Float64Array(texts.length);
    this.sums = new Float64Array(texts.length);
    let all = 0;
    for (const [at, text] of texts.entries()) {
      const counts = countsOf(text);
      let length = 0;
      for (const [term, times] of counts) {
        length += times;
        this.post(term, at, times);
      }
      this.lengths[at] = length;
      all += length;
    }
    this.mean = texts.length === 0 ? 1 : Math.max(1, all / texts.length);
  }

  private post(term: string, at: number, times: number): void {
    const known = this.postings.get(term);
    if (known) {
      known.at.push(at);
      known.times.push(times);
    } else this.postings.set(term, { at: [at], times: [times] });
  }

  /** The best `limit` texts that share a token with the query, best first, equal scores by place. */
  search(query: string, limit: number): Scored[] {
    const touched: number[] = [];
    for (const term of termsOf(query)) {
      const found = this.postings.get(term);
      if (!found) continue;
      const idf = this.idf(found.at.length);
      for (const [index, at] of found.at.entries()) {
        const before = this.sums[at] ?? 0;
        if (before === 0) touched.push(at);
        this.sums[at] = before + idf * this.weight(found.times[index] ?? 0, this.lengths[at] ?? 0);
      }
    }
    const best = new TopK(limit);
    for (const at of touched) {
      best.offer(at, this.sums[at] ?? 0);
      this.sums[at] = 0;
    }
    return best.sorted().map(({ slot, score }) => ({ at: slot, score }));
  }

  /** The score that a text, which need not be one of them, would have among them. */
  scoreOf(query: string, text: string): number {
    const counts = countsOf(text);
    let length = 0;
    for (const times of counts.values()) length += times;
    let sum = 0;
    for (const term of termsOf(query)) {
      const documents = this.postings.get(term)?.at.length ?? 0;
      if (documents > 0) sum += this.idf(documents) * this.weight(counts.get(term) ?? 0, length);
    }
    return sum;
  }

  private idf(documents: number): number {
    return Math.log(1 + (this.lengths.length - documents + 0.5) / (documents + 0.5));
  }

  private weight(times: number, length: number): number {
    return (times * (K1 + 1)) / (times + K1 * (1 - B + (B * length) / this.mean));
  }
}

function countsOf(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { text: term } of tokenize(text, 'document')) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

const termsOf = (query: string): Set<string> => new Set(tokenize(query, 'query').map(({ text }) => text));
