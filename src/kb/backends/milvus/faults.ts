import { type ErrorCode, RagtuiError, toRagtuiError } from '../../../platform/errors.ts';
import { type Fault, faultError, isUntrusted, silentError, untrustedError } from '../faults.ts';

const REFUSED: Fault = {
  code: 'permission',
  what: 'refused the user, the password or the token',
  hint: 'Give it again: ragtui kb server key NAME.',
};
const NOT_ALLOWED: Fault = {
  code: 'permission',
  what: 'does not let this user do that',
  hint: 'The user must be allowed to make, fill, read and drop collections.',
};

/** How a collection that must be loaded first is told. */
export const NOT_LOADED: ErrorCode = 'busy';

/** Codes of a status, as Milvus lists them (`pkg/util/merr`). */
const OF_STATUS: Readonly<Record<number, Fault>> = {
  1: { code: 'unavailable', what: 'is starting up' },
  2: { code: 'unavailable', what: 'is not available' },
  3: { code: 'unavailable', what: 'has no memory left' },
  4: { code: 'unavailable', what: 'has too many requests' },
  7: { code: 'disk-full', what: 'has no room left on its disk' },
  8: { code: 'unavailable', what: 'has too many requests' },
  9: { code: 'disk-full', what: 'has used up its quota' },
  100: { code: 'not-found', what: 'no longer has the collection of this index', hint: 'It is filled again by itself.' },
  101: { code: NOT_LOADED, what: 'has not loaded the collection' },
  103: { code: 'unavailable', what: 'is still loading the collection' },
  106: { code: 'unavailable', what: 'is still recovering the collection' },
  800: { code: 'not-found', what: 'has no such database', hint: 'Make it there, or correct the URL.' },
  1400: REFUSED,
  1401: NOT_ALLOWED,
  1800: REFUSED,
};

/** Codes of gRPC. */
const OF_GRPC: Readonly<Record<number, Fault>> = {
  4: { code: 'timeout', what: 'did not answer in time' },
  7: NOT_ALLOWED,
  8: { code: 'unavailable', what: 'has no room left for the request' },
  16: REFUSED,
};

/** A status other than success, as one line a person can act on. `at` names the server. */
export function statusError({ code, reason }: { code: number; reason: string }, at: string): RagtuiError {
  const fault = OF_STATUS[code];
  if (fault) return faultError(fault, at, oneLine(reason));
  return new RagtuiError('internal', `${at}: ${oneLine(reason) || `it failed with code ${code}`}`);
}

/** What a call threw that came to no status. */
export function toMilvusError(error: unknown, at: string): RagtuiError {
  if (error instanceof RagtuiError) return error;
  const { message } = toRagtuiError(error);
  const number = grpcCode(error);
  const fault = number === undefined ? undefined : OF_GRPC[number];
  if (fault) return faultError(fault, at, oneLine(message), error);
  if (isUntrusted(message)) return untrustedError(at, message, error);
  if (number === 14) return silentError(at, message, error);
  return new RagtuiError('internal', `${at}: ${message}`, '', { cause: error });
}

const oneLine = (text: string): string => text.split('\n', 1)[0]?.trim() ?? '';

function grpcCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}
