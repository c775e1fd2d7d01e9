import { toRagtuiError } from '../platform/errors.ts';
import type { Path } from './source.ts';

/** Finds something wrong: where, what, what to do. */
export type Complain = (path: Path, message: string, hint?: string) => void;

/** Reads what a recipe names there; what that throws is complained about, in its own words. */
export const readsOf =
  (complain: Complain) =>
  (path: Path, read: () => unknown): void => {
    try {
      read();
    } catch (error) {
      const { message, hint } = toRagtuiError(error);
      complain(path, message, hint);
    }
  };
