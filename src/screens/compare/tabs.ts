import type { ColumnRun } from '../../../stores/compare.ts';
import { cut, type Line, type Span, textWidth } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';

interface Mark {
  readonly text: string;
  readonly style: StyleName;
}

const NO_MARK: Mark = { text: ' ', style: 'muted' };
/** Around a name: its mark, its number, the brackets of the one on screen. */
const AROUND = 4;
const SHORTEST_NAME = 3;

/**
 * `✓1 hybrid ●[2 bm25]·3 vector`: the column on screen in brackets; before each, while they are asked, how far it is, and
 * afterwards only what went wrong. Names share the row when it is too short for them. Pure.
 */
export function tabLine(
  names: readonly string[],
  runs: readonly (ColumnRun | undefined)[],
  at: number,
  width: number,
): Line {
  const underWay = runs.some((run) => run && run.result === null);
  const whole = names.reduce((sum, name) => sum + textWidth(name) + AROUND, 0);
  const share = Math.max(SHORTEST_NAME, Math.floor(width / Math.max(1, names.length)) - AROUND);
  return names.flatMap((name, each): Span[] => {
    const label = `${each + 1} ${whole > width ? cut(name, share) : name}`.trimEnd();
    return [
      markOf(runs[each], underWay),
      each === at ? { text: `[${label}]`, style: 'accent', bold: true } : { text: `${label} `, style: 'muted' },
    ];
  });
}

function markOf(run: ColumnRun | undefined, underWay: boolean): Mark {
  if (!run) return NO_MARK;
  if (!run.result) return run.phase === 'waiting' ? { text: '·', style: 'muted' } : { text: '●', style: 'accent' };
  const { state } = run.result;
  if (state === 'failed') return { text: '✗', style: 'bad' };
  if (state !== 'ok') return { text: state === 'cancelled' ? '■' : '∅', style: 'warn' };
  return underWay ? { text: '✓', style: 'good' } : NO_MARK;
}
