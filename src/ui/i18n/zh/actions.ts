import type { ActionTexts } from '../types.ts';

/** Of the actions that belong to no screen. */
export const actionTexts: ActionTexts = {
  'list.up': ['上移', '上移一行。'],
};
