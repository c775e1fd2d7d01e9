import type { kb as english } from '../en/kb.ts';
import type { ActionTexts, Texts } from '../types.ts';

export const kb: Texts<typeof english> = {
  'kb.title': '知识库',
  'kb.failedCount': '{count} 篇失败',
};

/** Of the actions whose ids start with `kb.`. */
export const kbActions: ActionTexts = {};
