import type { DatasetRow } from '../types.ts';
import type { TargetModel } from './target-model.ts';
import { type Cut, cutPairs, type TokenPair, tokenPairs } from './token-pairs.ts';
import type { Finding, Lengths } from './types.ts';

/** Rows whose tokens are counted one by one; of more, so many evenly spread, and all that may be too long. */
const COUNTED = 20_000;
const BARS = 16;
const CUTOFFS = [128, 256, 512, 1024, 2048, 4096, 5120, 8192, 16_384, 32_768];

interface Counted {
  readonly tokens: number;
  readonly cut: (cutoff: number) => Cut;
}

/** Counts tokens as rows go by. Errors of the model's chat template are the caller's. */
export class LengthCounter {
  private readonly counted: Counted[] = [];
  private readonly step: number;
  private seen = 0;
  shortened = 0;
  answersCut = 0;

  constructor(
    private readonly model: TargetModel,
    private readonly cutoff: number,
    rows: number,
  ) {
    this.step = Math.max(1, Math.ceil(rows / COUNTED));
  }

  /** The finding for a row that is longer than the cutoff. */
  add(number: number, row: DatasetRow): Finding | undefined {
    const sampled = this.seen++ % this.step === 0;
    // A token has at least one byte: a row with fewer bytes than the cutoff cannot be too long.
    if (!sampled && Buffer.byteLength(JSON.stringify(row)) + OVERHEAD <= this.cutoff) return undefined;
    const counted = 'query' in row ? this.passages(row) : this.conversation(row);
    if (!counted) return undefined;
    if (sampled) this.counted.push(counted);
    if (counted.tokens <= this.cutoff) return undefined;
    this.shortened++;
    const { answerLost } = counted.cut(this.cutoff);
    if (answerLost > 0) this.answersCut++;
    return tooLongFinding(number, row, counted.tokens, answerLost, this.cutoff);
  }

  private conversation(row: DatasetRow): Counted | undefined {
    const pairs: readonly TokenPair[] = tokenPairs(row, this.model);
    if (pairs.length === 0) return undefined;
    const tokens = pairs.reduce((sum, { source, target }) => sum + source + target, 0);
    return { tokens, cut: (cutoff) => cutPairs(pairs, cutoff) };
  }

  /** Every text of a retrieval row is cut on its own; the longest is what counts. */
  private passages(row: Extract<DatasetRow, { query: string }>): Counted {
    const tokens = Math.max(
      ...[row.query, ...row.pos, ...row.neg].map((text) => this.model.tokenizer.encode(text).length),
    );
    return { tokens, cut: (cutoff) => ({ kept: Math.min(tokens, cutoff), answerLost: 0 }) };
  }

  /** Null when there was no row to count. */
  summary(kind: string): Lengths | null {
    const lengths = this.counted.map(({ tokens }) => tokens).sort((a, b) => a - b);
    const longest = lengths.at(-1);
    if (longest === undefined) return null;
    const sum = lengths.reduce((total, one) => total + one, 0);
    const at = (share: number) => lengths[Math.min(lengths.length - 1, Math.ceil(share * lengths.length) - 1)] ?? 0;
    return {
      model: this.model.name,
      what: kind === 'retrieval' ? 'the longest text of a row' : 'the whole conversation with its template',
      cutoff: this.cutoff,
      rows: lengths.length,
      longest,
      mean: sum / lengths.length,
      percentiles: { p50: at(0.5), p90: at(0.9), p99: at(0.99) },
      histogram: histogram(lengths, longest),
      cutoffs: this.costs(longest, sum),
    };
  }

  private costs(longest: number, sum: number): Lengths['cutoffs'] {
    const asked = [...new Set([...CUTOFFS, this.cutoff])].sort((a, b) => a - b);
    const enough = asked.findIndex((cutoff) => cutoff >= longest);
    const shown = enough < 0 ? asked : asked.filter((cutoff, at) => at <= enough || cutoff === this.cutoff);
    return shown.map((cutoff) => {
      let [shortened, answersCut, lost] = [0, 0, 0];
      for (const { tokens, cut } of this.counted) {
        if (tokens <= cutoff) continue;
        const { kept, answerLost } = cut(cutoff);
        shortened++;
        lost += tokens - kept;
        if (answerLost > 0) answersCut++;
      }
      return { cutoff, shortened, answersCut, tokensLost: lost / sum };
    });
  }
}

/** A template's own words, in bytes, at most. */
const OVERHEAD = 400;

function tooLongFinding(number: number, row: DatasetRow, tokens: number, answerLost: number, cutoff: number): Finding {
  const what = `${tokens.toLocaleString('en')} tokens, the cutoff is ${cutoff.toLocaleString('en')}`;
  const loss =
    'query' in row
      ? 'the end of the longest text is not read'
      : answerLost > 0
        ? `${answerLost.toLocaleString('en')} tokens of the answer are lost`
        : 'the end of the prompt is lost, where the question stands';
  return {
    rule: 'too-long',
    severity: 'warning',
    row: number,
    message: `${what}: ${loss}.`,
    advice: 'Raise the cutoff, shorten the context, or drop the row.',
    fix: { kind: 'drop-row' },
  };
}

function histogram(lengths: readonly number[], longest: number): Lengths['histogram'] {
  const width = roundWidth((longest + 1) / BARS);
  const bars = Array.from({ length: Math.floor(longest / width) + 1 }, (_, at) => ({
    from: at * width,
    to: (at + 1) * width,
    rows: 0,
  }));
  for (const length of lengths) {
    const bar = bars[Math.floor(length / width)];
    if (bar) bar.rows++;
  }
  return bars;
}

/** 1, 2 or 5 times a power of ten, at least this. */
function roundWidth(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return power * ([1, 2, 5, 10].find((step) => step * power >= least) ?? 10);
}
