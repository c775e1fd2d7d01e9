import type { Scores } from '../../rag/comparisons/score.ts';
import type { Line, Span } from '../../ui/text.ts';
import { textWidth } from '../../ui/text.ts';

/** Before the best value: also without colours. */
const BEST = '★';

/** Of every metric the best value there is; none where only one column has it or all are alike. Pure. */
export function bestScores(all: readonly Scores[]): ReadonlyMap<string, number> {
  const best = new Map<string, number>();
  for (const name of new Set(all.flatMap((scores) => Object.keys(scores)))) {
    const values = all.flatMap((scores) => scores[name] ?? []);
    const top = Math.max(...values);
    if (values.length > 1 && values.some((value) => value < top)) best.set(name, top);
  }
  return best;
}

/** `★token-f1 0.83  exact 0`, in at most `most` rows; what does not apply is left out. Pure. */
export function scoreLines(
  scores: Scores,
  best: ReadonlyMap<string, number>,
  width: number,
  most: number,
): readonly Line[] {
  const lines: Span[][] = [];
  let used = 0;
  for (const [name, value] of Object.entries(scores)) {
    if (value === null) continue;
    const isBest = best.get(name) === value;
    const label = `${isBest ? BEST : ''}${name} `;
    const number = Number.isInteger(value) ? String(value) : value.toFixed(2);
    const wide = textWidth(label) + number.length;
    const last = lines.at(-1);
    const spans: Span[] = [
      { text: label, style: isBest ? 'good' : 'muted' },
      { text: number, style: isBest ? 'good' : 'text', bold: isBest },
    ];
    if (last && used + 2 + wide <= width) {
      last.push({ text: '  ' }, ...spans);
      used += 2 + wide;
    } else {
      lines.push([{ text: ' ' }, ...spans]);
      used = 1 + wide;
    }
  }
  return lines.slice(0, most);
}
