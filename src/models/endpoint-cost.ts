import type { Cost } from '../rag/types.ts';
import type { ChatUsage } from './endpoint-answer.ts';
import type { Prices } from './types.ts';

const MILLION = 1e6;

/** What an answer cost at prices per million tokens; null without prices. Cached prompt tokens have a price of their own where one is set. */
export function costOf(
  prices: Prices | undefined,
  { promptTokens, completionTokens, cachedTokens = 0 }: ChatUsage,
): Cost | null {
  if (!prices) return null;
  const { input, output, cachedInput = input, currency } = prices;
  const amount = (promptTokens - cachedTokens) * input + cachedTokens * cachedInput + completionTokens * output;
  return { amount: amount / MILLION, currency };
}
