import path from 'node:path';
import { readJsonFile, writeJsonFile } from '../../jobs/folder.ts';
import { type ErrorCode, errorCode, RagtuiError } from '../../platform/errors.ts';
import { redactSecrets } from '../../platform/redact.ts';
import { type Failure, failureSchema } from './types.ts';

const fileOf = (jobFolder: string): string => path.join(jobFolder, 'failure.json');

/** Why the training of this job failed; undefined when it did not, or nothing was written. */
export const readFailureFile = (jobFolder: string): Failure | undefined =>
  readJsonFile(fileOf(jobFolder), failureSchema);

/** Keeps a failure beside the job, without keys that its lines may hold. */
export function keepFailure(jobFolder: string, failure: Failure): void {
  const kept = {
    ...failure,
    message: redactSecrets(failure.message),
    lines: failure.lines.map((line) => redactSecrets(line)),
  };
  try {
    writeJsonFile(fileOf(jobFolder), kept, { durable: true });
  } catch {
    // A full disk is a failure itself: the error of the job says it all the same.
  }
}

/** A failure as the error of the job. */
export function faultOf({ code, message, hint }: Failure): RagtuiError {
  const known: ErrorCode = errorCode(code);
  return new RagtuiError(known, message, hint);
}
