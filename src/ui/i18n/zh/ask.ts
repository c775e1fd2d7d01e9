import type { ask as english } from '../en/ask.ts';
import type { ActionTexts, Texts } from '../types.ts';

export const ask: Texts<typeof english> = {
  'ask.title': '提问',
};

/** Of the actions whose ids start with `ask.`. */
export const askActions: ActionTexts = {};
