/** What our own client saw of the requests to one name on one server. */
export interface Tally {
  readonly count: number;
  readonly failed: number;
  /** Tokens it wrote. */
  readonly tokens: number;
  /** Mean over its answers, tokens a second between the first and the last token; null = never measured. */
  readonly rate: number | null;
  /** Median of its last answers, ms. */
  readonly firstTokenMs: number | null;
}

/** An answer as far as it is counted. */
export interface CountedAnswer {
  readonly firstTokenMs: number | null;
  readonly tokensPerSecond: number | null;
  readonly usage: { readonly completionTokens: number } | null;
}

/** Counts our own requests by server and name: servers tell nothing per adapter. Mutable, outside React. */
export interface RequestTally {
  add(server: string, name: string, answer: CountedAnswer): void;
  failed(server: string, name: string): void;
  of(server: string, name: string): Tally | null;
}

/** Answers that a median is taken over. */
const KEPT = 64;

interface Counted {
  count: number;
  failed: number;
  tokens: number;
  rateSum: number;
  rates: number;
  readonly first: number[];
}

export function createRequestTally(): RequestTally {
  const byName = new Map<string, Counted>();
  const counted = (server: string, name: string): Counted => {
    const key = `${server}\n${name}`;
    const known = byName.get(key) ?? { count: 0, failed: 0, tokens: 0, rateSum: 0, rates: 0, first: [] };
    byName.set(key, known);
    return known;
  };
  return {
    add(server, name, { firstTokenMs, tokensPerSecond, usage }) {
      const tally = counted(server, name);
      tally.count += 1;
      tally.tokens += usage?.completionTokens ?? 0;
      if (tokensPerSecond !== null) {
        tally.rateSum += tokensPerSecond;
        tally.rates += 1;
      }
      if (firstTokenMs !== null) tally.first.push(firstTokenMs);
      if (tally.first.length > KEPT) tally.first.shift();
    },
    failed(server, name) {
      const tally = counted(server, name);
      tally.count += 1;
      tally.failed += 1;
    },
    of(server, name) {
      const tally = byName.get(`${server}\n${name}`);
      if (!tally) return null;
      const { count, failed, tokens, rateSum, rates, first } = tally;
      const sorted = first.toSorted((a, b) => a - b);
      const middle = sorted[Math.ceil(sorted.length / 2) - 1] ?? null;
      return { count, failed, tokens, rate: rates > 0 ? rateSum / rates : null, firstTokenMs: middle };
    },
  };
}
