/** Codes are stable: scripts see them as `error.code` with `--json`. */
export const ERROR_CODES = [
  'usage',
  'not-found',
  'exists',
  'busy',
  'invalid',
  'unavailable',
  'network',
  'checksum',
  'disk-full',
  'permission',
  'cancelled',
  'timeout',
  'corrupt',
  'unsupported',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The code a text names, `internal` for any other: for errors that come from another process. */
export function errorCode(text: string): ErrorCode {
  return ERROR_CODES.find((code) => code === text) ?? 'internal';
}

/**
 * An error a person reads: `message` says what happened and why in one line,
 * `hint` what to do next. Everything thrown across a border of a domain folder is one of these.
 */
export class RagtuiError extends Error {
  override readonly name = 'RagtuiError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint = '',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const CODES_OF_ERRNO: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'not-found',
  EACCES: 'permission',
  EPERM: 'permission',
  EROFS: 'permission',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  ECONNREFUSED: 'unavailable',
  ECONNRESET: 'unavailable',
  EPIPE: 'unavailable',
  ETIMEDOUT: 'timeout',
  ENOTFOUND: 'network',
  EAI_AGAIN: 'network',
};

const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  'disk-full': 'Free some space and run the same command again; nothing was left half-written.',
  permission: 'Check the owner and mode of that path.',
};

/** The errno code (`ENOENT`, …) of a Node error, if it has one. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Turns anything thrown into a RagtuiError: one line, no stack. */
export function toRagtuiError(error: unknown): RagtuiError {
  if (error instanceof RagtuiError) return error;
  const errno = errnoOf(error);
  const code = (errno && CODES_OF_ERRNO[errno]) || 'internal';
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split('\n', 1)[0]?.trim() || 'unknown error';
  const message = code === 'disk-full' ? `The disk is full (${line}).` : line;
  return new RagtuiError(code, message, HINTS[code] ?? '', { cause: error });
}

/** `message` and `hint` as the one line a person sees. */
export function errorLine(error: unknown): string {
  const { message, hint } = toRagtuiError(error);
  return hint ? `${message} ${hint}` : message;
}
