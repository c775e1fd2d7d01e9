import { errnoOf, RagtuiError, toRagtuiError } from '../../../platform/errors.ts';
import { type Fault, faultError, isUntrusted, lateError, untrustedError } from '../faults.ts';

/** SQLSTATE codes as PostgreSQL's manual lists them (appendix A); two characters name a class. */
const FAULTS: Readonly<Record<string, Fault>> = {
  '28': {
    code: 'permission',
    what: 'refused the user or the password',
    hint: 'Give it again: ragtui kb server key NAME.',
  },
  '42501': {
    code: 'permission',
    what: 'does not let this user do that',
    hint: 'The user must own its tables: CREATE on a schema.',
  },
  '3D000': { code: 'not-found', what: 'has no such database', hint: 'Make it there, or correct the URL.' },
  '42P01': { code: 'not-found', what: 'no longer has the table of this index', hint: 'It is filled again by itself.' },
  '53100': { code: 'disk-full', what: 'has no room left on its disk' },
  '53': { code: 'unavailable', what: 'has no connection or memory left for us' },
  '57014': { code: 'timeout', what: 'took too long' },
  '57': { code: 'unavailable', what: 'is shutting down or starting up' },
  '08': { code: 'unavailable', what: 'broke the connection' },
  '25006': {
    code: 'permission',
    what: 'is a replica that takes no writes',
    hint: 'Give the URL of the primary server.',
  },
};

/** What a call to PostgreSQL threw, as one line a person can act on. `at` names the server. */
export function toPgError(error: unknown, at: string): RagtuiError {
  if (error instanceof RagtuiError) return error;
  const { message, code: known } = toRagtuiError(error);
  const state = errnoOf(error) ?? '';
  const fault = FAULTS[state] ?? (/^[0-9A-Z]{5}$/.test(state) ? FAULTS[state.slice(0, 2)] : undefined);
  if (fault) return faultError(fault, at, message, error);
  // The driver's own words, which carry no code.
  if (/timeout/i.test(message)) return lateError(at, error);
  if (/Connection terminated|Client has encountered|ended|socket/i.test(message) || known === 'unavailable') {
    return new RagtuiError('unavailable', `${at} does not answer (${message}).`, 'Is it running?', { cause: error });
  }
  if (/does not support SSL/.test(message)) {
    const hint = 'Add it with --no-tls if the way there is safe.';
    return new RagtuiError('unsupported', `${at} does not speak TLS.`, hint, { cause: error });
  }
  if (/SASL|password/i.test(message)) {
    const hint = 'Give it: ragtui kb server key NAME.';
    return new RagtuiError('permission', `${at} wants a password (${message}).`, hint, { cause: error });
  }
  if (isUntrusted(message)) return untrustedError(at, message, error);
  return new RagtuiError(known, `${at}: ${message}`, '', { cause: error });
}
