import type { kb as english } from '../en/kb.ts';
import type { ActionTexts, Texts } from '../types.ts';

export const kb: Texts<typeof english> = {
  'kb.title': '知识库',
  'kb.failedCount': '{count} 篇失败',
  'kb.documentCount': '{count} 篇文档',
  'kb.mode.vector': '向量',
  'kb.mode.bm25': 'bm25',
  'kb.mode.hybrid': '混合',
  'kb.mode.vector.note': '按语义',
  'kb.mode.bm25.note': '按词语',
  'kb.mode.hybrid.note': '两者排名融合',
};

/** Of the actions whose ids start with `kb.`. */
export const kbActions: ActionTexts = {};
