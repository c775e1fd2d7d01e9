import { type ErrorCode, RagtuiError } from '../../platform/errors.ts';

/** What a server's own code means: `what` follows the server's name. */
export interface Fault {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint?: string;
}

/** A known fault as one line a person can act on. `at` names the server, `why` is what it said itself. */
export const faultError = ({ code, what, hint = '' }: Fault, at: string, why: string, cause?: unknown): RagtuiError =>
  new RagtuiError(code, `${at} ${what}${why ? ` (${why})` : ''}.`, hint, { cause });

/** Whether a message of TLS is about a certificate that is not proven. */
export const isUntrusted = (message: string): boolean => /certificate|self.signed|altnames/i.test(message);

export const untrustedError = (at: string, message: string, cause: unknown): RagtuiError =>
  new RagtuiError(
    'permission',
    `The certificate of ${at} is not trusted (${message}).`,
    'Set network.ca_file to the certificate of your server.',
    { cause },
  );

export const lateError = (at: string, cause: unknown): RagtuiError =>
  new RagtuiError('timeout', `${at} did not answer in time.`, '', { cause });

/** Nobody answers; over HTTP or gRPC a server that speaks TLS only looks so, too. */
export const silentError = (at: string, message: string, cause: unknown): RagtuiError =>
  new RagtuiError(
    'unavailable',
    `${at} does not answer (${message}).`,
    'Is it running, and does it speak TLS as the server was declared?',
    { cause },
  );
