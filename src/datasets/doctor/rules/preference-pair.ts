import { rowRule } from '../rule.ts';
import { fold } from '../text/fold.ts';

/** Preferences between two answers that are the same. */
export const preferencePair = rowRule(
  {
    id: 'preference-pair',
    version: 1,
    title: 'Chosen and rejected are the same',
    why: 'There is nothing to prefer: the row adds noise to the loss.',
    severity: 'error',
    kinds: ['preference'],
  },
  function* ({ number, row }) {
    if (!('chosen' in row) || row.chosen.trim() === '' || fold(row.chosen) !== fold(row.rejected)) return;
    const form = row.chosen === row.rejected ? '' : ' but for spaces, width or punctuation';
    yield {
      row: number,
      message: `The chosen and the rejected answer are the same${form}.`,
      advice: 'Drop the row.',
      fix: { kind: 'drop-row' },
    };
  },
);
