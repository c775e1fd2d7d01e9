import { dataSteps } from './data-steps.ts';
import { evalSteps } from './eval-steps.ts';
import { serveSteps } from './serve-steps.ts';
import { trainSteps } from './train-steps.ts';
import type { LoopStep } from './types.ts';

/** From base to tuned to a verdict, in order. */
export const loopSteps: readonly LoopStep[] = [...dataSteps, ...trainSteps, ...serveSteps, ...evalSteps];
