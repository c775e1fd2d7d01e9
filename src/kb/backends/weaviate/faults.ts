import { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../../../platform/errors.ts';
import { type Fault, faultError, isUntrusted, lateError, silentError, untrustedError } from '../faults.ts';

const OF_STATUS: Readonly<Record<number, Fault>> = {
  401: { code: 'permission', what: 'refused the key', hint: 'Give it again: ragtui kb server key NAME.' },
  403: {
    code: 'permission',
    what: 'does not let this key do that',
    hint: 'It must be allowed to make, fill, read and delete collections.',
  },
  404: { code: 'not-found', what: 'no longer has the collection of this index', hint: 'It is filled again by itself.' },
  408: { code: 'timeout', what: 'took too long' },
  429: { code: 'unavailable', what: 'has too many requests' },
  502: { code: 'unavailable', what: 'is not reached by its gateway' },
  503: { code: 'unavailable', what: 'is starting up or shutting down' },
  504: { code: 'timeout', what: 'took too long' },
};

/** Weaviate's own words, which come with status 422 or 500 or in the answer for a single object. */
const OF_WORDS: readonly (readonly [RegExp, Fault])[] = [
  [/disk usage too high|no space left/i, { code: 'disk-full', what: 'has no room left on its disk' }],
  [/read-?only/i, { code: 'unavailable', what: 'takes no writes' }],
  [/memory usage too high|not enough memory|memory pressure/i, { code: 'unavailable', what: 'has no memory left' }],
  [
    /consistency level|not enough (healthy|active) (replicas|nodes)|leader not found|no leader/i,
    { code: 'unavailable', what: 'has too few nodes up' },
  ],
  [/send http request|connection refused/i, { code: 'unavailable', what: 'does not reach one of its nodes' }],
  [/context deadline exceeded/i, { code: 'timeout', what: 'took too long' }],
];

const errorsSchema = z.object({ error: z.array(z.object({ message: z.string() })).min(1) });
const plainSchema = z.object({ message: z.string() });

/** An HTTP answer that is an error, as one line a person can act on. `at` names the server. */
export function answerError(status: number, body: string, at: string): RagtuiError {
  const words = wordsOf(body);
  // A cluster without a leader refuses everybody (403): its words say more than its status.
  const known = faultOf(words) ?? OF_STATUS[status];
  return known
    ? faultError(known, at, words)
    : new RagtuiError('internal', `${at}: ${words || `HTTP status ${status}`}`);
}

/** What Weaviate says went wrong, as one line a person can act on. */
export function wordsError(words: string, at: string): RagtuiError {
  const found = faultOf(words);
  return found ? faultError(found, at, words) : new RagtuiError('internal', `${at}: ${words}`);
}

const faultOf = (words: string): Fault | undefined => OF_WORDS.find(([pattern]) => pattern.test(words))?.[1];

/** What a request threw that came to no answer. */
export function toWeaviateError(error: unknown, at: string): RagtuiError {
  if (error instanceof RagtuiError) return error;
  const { message, code } = toRagtuiError(error);
  const words = `${message} ${code} ${codeOf(error)}`;
  if (error instanceof Error && error.name === 'TimeoutError') return lateError(at, error);
  if (isUntrusted(words) || /CERT_/i.test(words)) return untrustedError(at, message, error);
  if (error instanceof SyntaxError || error instanceof z.ZodError) {
    return new RagtuiError('internal', `${at} answers in a way that is not Weaviate's.`, 'Is the URL right?', {
      cause: error,
    });
  }
  return silentError(at, message, error);
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

function wordsOf(body: string): string {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return body.split('\n', 1)[0]?.trim().slice(0, 200) ?? '';
  }
  const many = errorsSchema.safeParse(json).data;
  if (many) return many.error.map(({ message }) => message).join('; ');
  return plainSchema.safeParse(json).data?.message ?? '';
}
