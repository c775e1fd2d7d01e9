import { columnText } from '../../../stores/compare-columns.ts';
import { boardOf } from '../../rag/comparisons/board.ts';
import type { VotedComparison } from '../../rag/comparisons/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { pad, textWidth } from '../../ui/text.ts';

const MOST_NAME = 30;

/** The board as text: place, name, rating with its interval, how often it would be preferred, votes. Pure. */
export function boardText(votes: readonly VotedComparison[]): string {
  const { rows, notes, uncounted, blind } = boardOf(votes);
  if (rows.length === 0) return t('compare.board.empty');
  const width = Math.min(MOST_NAME, Math.max(...rows.map(({ name }) => textWidth(name))));
  const table = rows.map(({ place, name, rating, low, high, share, ahead, votes: stood, wins, ties, losses }) =>
    [
      String(place).padStart(2),
      pad(name, width),
      `${Math.round(rating)} [${Math.round(low)}, ${Math.round(high)}]`.padEnd(19),
      t('compare.board.share', { share: Math.round(share * 100) }),
      t('compare.board.tally', { votes: stood, wins, ties, losses }),
      ...(ahead === null ? [] : [t('compare.board.ahead', { chance: Math.round(ahead * 100) })]),
    ].join('  '),
  );
  const settings = rows.map(({ place, column }) => `${String(place).padStart(2)}  ${columnText(column)}`);
  return [
    t('compare.board.title', { votes: votes.length, blind, uncounted }),
    '',
    ...table,
    '',
    ...notes,
    t('compare.board.explain'),
    '',
    ...settings,
  ].join('\n');
}
