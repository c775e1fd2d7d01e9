import type { Metric } from './types.ts';

/** One answer costs too little to be read. */
const ANSWERS = 1000;

/** What a thousand such answers cost by the prices of its endpoint, in one currency; missing without prices, or with those of another. */
export function priceMetric(currency: string): Metric {
  return {
    name: `price@${currency}`,
    kind: 'cost',
    version: 1,
    range: [0, Number.POSITIVE_INFINITY],
    unit: `${currency} per ${ANSWERS}`,
    direction: 'lower',
    binary: false,
    blindTo: 'Machines of your own, which have no price here, and requests that failed and were paid for.',
    score: ({ cost }) => (cost && cost.currency === currency ? cost.amount * ANSWERS : null),
  };
}
