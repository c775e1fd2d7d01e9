import { goldRanks } from '../../evaluation/metrics/gold.ts';
import type { Hit } from '../../kb/types.ts';
import { diffPassages, type PassageDiff } from '../../rag/comparisons/diff-passages.ts';
import { t } from '../../ui/i18n/index.ts';
import type { HighlightRange } from '../../ui/stream-model.ts';
import { drawable } from '../drawable.ts';
import { documentName, scoreText } from '../hits.ts';
import type { Copied } from './copied.ts';

/** How a passage stands against those of the base column: `=`, `↑2`, `↓1`, `+`. Pure. */
export function placeMark({ kind, change, overlaps }: PassageDiff): string {
  if (kind === 'new') return overlaps === null ? '+' : `+ (${t('compare.overlaps', { rank: overlaps })})`;
  if (kind === 'same' || change === null || change === 0) return '=';
  return change > 0 ? `↑${change}` : `↓${-change}`;
}

/** Ranks of the hits that come from the passage known to be right, by the rule of the rank metrics. */
const goldPlaces = (hits: readonly Hit[], gold: string): readonly number[] =>
  goldRanks({ goldContext: gold, contextId: '', retrieved: hits }).flatMap((place) => hits[place - 1]?.rank ?? []);

/** The passage known to be right (`gold`; '' = none is known) is among the hits. Pure. */
export const foundRight = (hits: readonly Hit[], gold: string): boolean =>
  gold !== '' && goldPlaces(hits, gold).length > 0;

/**
 * Passages one below the other, each under its rank, how it moved against the base column, document and score, what was
 * copied from it lit, the one known to be right (`gold`) marked; then those of the base column that are missing. `base` undefined: this is the base column. Pure.
 */
export function passagesText(
  hits: readonly Hit[],
  base: readonly Hit[] | undefined,
  copied: Copied | null,
  basePlace: number,
  gold = '',
): { readonly text: string; readonly marks: readonly HighlightRange[] } {
  const right = new Set(gold === '' ? [] : goldPlaces(hits, gold));
  const marks: HighlightRange[] = [];
  let text = '';
  const found = (base ? diffPassages(base, hits) : hits.map((hit) => ({ hit, diff: undefined }))).map((each) =>
    'kind' in each ? { hit: each.hit, diff: each } : each,
  );
  for (const { hit, diff } of found) {
    if (diff?.kind === 'gone') continue;
    const mark = diff ? ` ${placeMark(diff)}` : '';
    text += `${text === '' ? '' : '\n\n'}── ${hit.rank}${mark} · ${documentName(hit)} · ${scoreText(hit)}${right.has(hit.rank) ? ` · ✓ ${t('compare.rightPassage')}` : ''}\n`;
    // Offsets of what was copied are those of the text as it came: what is unsafe is replaced one for one.
    const whole = drawable(hit.text);
    const lead = whole.length - whole.trimStart().length;
    const from = text.length - lead;
    text += whole.trim();
    for (const { start, end } of copied?.passages[hit.rank - 1] ?? []) {
      marks.push({
        start: Math.max(text.length - whole.trim().length, start + from),
        end: Math.min(text.length, end + from),
      });
    }
  }
  const gone = found.flatMap(({ hit, diff }) => (diff?.kind === 'gone' ? [hit] : []));
  const missing = gone.map(
    (hit) => `− ${t('compare.missing', { rank: hit.rank, column: basePlace, document: documentName(hit) })}`,
  );
  if (missing.length > 0) text += `${text === '' ? '' : '\n\n'}${missing.join('\n')}`;
  return { text, marks };
}
