import type { Rung } from './types.ts';

/** A change as settings, and what it costs. */
export function rungText({ changes, keepsBatch, cutsShare }: Rung): string {
  const settings = Object.entries(changes).map(([key, value]) => `${key}=${value}`);
  const cost = cutsShare === null || cutsShare === 0 ? [] : [`cuts ${(cutsShare * 100).toFixed(1)} % of the texts`];
  const batch = keepsBatch ? [] : ['the batch becomes another'];
  return [settings.join(' '), ...cost, ...batch].join('; ');
}
