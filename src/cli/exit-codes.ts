import type { RagtuiError } from '../platform/errors.ts';

/** What scripts see (design §8). `gateSaysNo` is for evaluation gates and failed verifications. */
export const EXIT = { done: 0, failed: 1, usage: 2, gateSaysNo: 3, interrupted: 130 } as const;

/** The exit code that goes with an error. */
export function exitCodeOf(error: RagtuiError): number {
  if (error.code === 'usage') return EXIT.usage;
  return error.code === 'cancelled' ? EXIT.interrupted : EXIT.failed;
}
