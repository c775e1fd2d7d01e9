import { cmrcSegments, longestCommonRun } from '../metrics/cmrc.ts';
import { folded } from '../metrics/folded.ts';
import { goldRanks } from '../metrics/gold.ts';
import { tokensOf } from '../metrics/token-f1.ts';
import type { ScoredItem } from '../metrics/types.ts';

/** What a score is made of: counts of tokens or segments, where a text was found, at which ranks. */
export type Parts =
  | { readonly kind: 'overlap'; readonly common: number; readonly given: number; readonly gold: number }
  | { readonly kind: 'run'; readonly common: number; readonly given: number; readonly gold: number }
  | { readonly kind: 'found'; readonly at: number | null }
  | { readonly kind: 'ranks'; readonly ranks: readonly number[]; readonly of: number };

const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const RANKED = /^(?:hit|mrr|ndcg|recall)@/;

type Seen = Pick<ScoredItem, 'output' | 'answers' | 'goldContext' | 'contextId' | 'retrieved'>;

/** The parts of a score, for the answer that fits best; undefined for metrics that have none to show. Pure. */
export function partsOf(metric: string, item: Seen): Parts | undefined {
  if (RANKED.test(metric)) {
    return item.retrieved ? { kind: 'ranks', ranks: goldRanks(item), of: item.retrieved.length } : undefined;
  }
  const { output, answers } = item;
  if (output === null) return undefined;
  if (metric === 'token-f1') {
    const wide = [output, ...answers].some((text) => CJK.test(text));
    const given = tokensOf(output, wide);
    return best('overlap', given, answers, (answer) => tokensOf(answer, wide), shared);
  }
  if (metric === 'cmrc-f1') return best('run', cmrcSegments(output), answers, cmrcSegments, longestCommonRun);
  if (metric === 'verbatim' && item.goldContext !== '') {
    const at = folded(output) === '' ? -1 : folded(item.goldContext).indexOf(folded(output));
    return { kind: 'found', at: at < 0 ? null : at };
  }
  return undefined;
}

function best(
  kind: 'overlap' | 'run',
  given: readonly string[],
  answers: readonly string[],
  cut: (answer: string) => readonly string[],
  count: (a: readonly string[], b: readonly string[]) => number,
): Parts | undefined {
  const all = answers.map((answer) => {
    const gold = cut(answer);
    return { kind, common: count(gold, given), given: given.length, gold: gold.length };
  });
  const f1 = ({ common, given: one, gold }: { common: number; given: number; gold: number }): number =>
    one + gold === 0 ? 0 : (2 * common) / (one + gold);
  return all.sort((a, b) => f1(b) - f1(a))[0];
}

/** Tokens that both have, as often as both have them. */
function shared(gold: readonly string[], given: readonly string[]): number {
  const left = [...gold];
  return given.filter((token) => {
    const at = left.indexOf(token);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  }).length;
}
