import type { Made } from './types.ts';

export type Usage = Made['usage'];
export const NO_USAGE: Usage = { requests: 0, promptTokens: 0, completionTokens: 0 };
