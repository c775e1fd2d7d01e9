import type { models as english } from '../en/models.ts';
import type { ActionTexts, Texts } from '../types.ts';

export const models: Texts<typeof english> = {
  'models.title': '模型',
};

/** Of the actions whose ids start with `models.`. */
export const modelsActions: ActionTexts = {};
