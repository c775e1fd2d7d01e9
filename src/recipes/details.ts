/** What a step says of itself in fixed words; a screen has each in its own language. */
export const DETAIL = {
  looking: 'looking whether anything changed',
  whenNeeded: 'starts when it is needed',
  unneeded: 'nobody needs it: what it was for is there',
  stopped: 'stopped; a resume goes on from there',
  passed: 'passed',
  notPassed: 'NOT passed',
} as const;

/** Stands before what a kept step did earlier. */
export const KEPT = 'unchanged, kept: ';
