import type { home as english } from '../en/home.ts';
import type { ActionTexts, Texts } from '../types.ts';

export const home: Texts<typeof english> = {
  'home.title': '首页',
};

/** Of the actions whose ids start with `home.`. */
export const homeActions: ActionTexts = {};
