import type { settings as english } from '../en/settings.ts';
import type { ActionTexts, Texts } from '../types.ts';

export const settings: Texts<typeof english> = {
  'settings.title': '设置',
};

/** Of the actions whose ids start with `settings.`. */
export const settingsActions: ActionTexts = {};
