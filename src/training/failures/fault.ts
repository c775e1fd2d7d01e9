import type { RagtuiError } from '../../platform/errors.ts';
import { faultOf } from './file.ts';
import { type EngineEnd, readFailure } from './read.ts';

/** What made a program in an engine's environment fail, as an error. Pure. */
export const trainingFault = (engine: string, end: EngineEnd, stderr: string): RagtuiError =>
  faultOf(readFailure(engine, end, stderr));
