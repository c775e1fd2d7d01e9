/** A training's progress while nothing is counted. */
export const phase = (text: string) => ({
  phase: text,
  done: 0,
  total: 0,
  unit: 'steps',
  rate: null,
  secondsLeft: null,
});
