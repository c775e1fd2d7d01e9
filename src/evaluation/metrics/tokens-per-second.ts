import type { Metric } from './types.ts';

/** In less time nothing was streamed: what is left is how the pieces lay in the network. */
const LEAST_SECONDS = 0.01;

/** Tokens after the first one, by the time from the first to the end of the answer; missing below two tokens, and where all came at once. */
export const tokensPerSecond: Metric = {
  name: 'tokens-per-second',
  kind: 'speed',
  version: 1,
  range: [0, Number.POSITIVE_INFINITY],
  unit: 'tokens/s',
  direction: 'higher',
  binary: false,
  blindTo: 'How many questions were asked at once: it is the speed of one answer, not what the server did in all.',
  score: ({ timing, usage }) => {
    if (!usage || timing?.firstTokenMs == null || timing.totalMs === null) return null;
    const seconds = (timing.totalMs - timing.firstTokenMs) / 1000;
    return usage.completionTokens > 1 && seconds >= LEAST_SECONDS ? (usage.completionTokens - 1) / seconds : null;
  },
};
