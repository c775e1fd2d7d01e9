import { z } from 'zod';
import { type ErrorCode, errnoOf, RagtuiError } from '../platform/errors.ts';
import { redactSecrets } from '../platform/redact.ts';
import { sanitizeLine } from '../platform/sanitize.ts';
import { type ChatEndpoint, shownUrl } from './endpoint-url.ts';

const errorBodySchema = z.union([
  z.object({ error: z.object({ message: z.string() }) }).transform(({ error }) => error.message),
  z.object({ error: z.string() }).transform(({ error }) => error),
  z.object({ message: z.string() }).transform(({ message }) => message),
  z.object({ detail: z.string() }).transform(({ detail }) => detail),
]);
const MAX_DETAIL = 300;

/** What a server said about an error: its JSON message, else the first line of its text. No keys, no control characters. */
export function serverMessage(endpoint: ChatEndpoint, body: string): string {
  const parsed = errorBodySchema.safeParse(parseJson(body));
  const text = parsed.success ? parsed.data : body.trimStart().startsWith('<') ? '' : (body.split('\n', 1)[0] ?? '');
  return clean(endpoint, text);
}

/** The error of an HTTP status. */
export function statusFault(endpoint: ChatEndpoint, response: Response, body: string): RagtuiError {
  const detail = serverMessage(endpoint, body);
  const { code, what, hint } = meaning(endpoint, response, detail);
  return new RagtuiError(code, detail ? `${what}: ${detail}` : `${what}.`, hint);
}

function meaning(
  endpoint: ChatEndpoint,
  { status, headers }: Response,
  detail: string,
): { code: ErrorCode; what: string; hint: string } {
  const at = shownUrl(endpoint);
  switch (status) {
    case 401:
    case 403:
      return { code: 'permission', what: `${at} refused the key (${status})`, hint: 'Check the key of this endpoint.' };
    case 404:
      return {
        code: 'not-found',
        what: `${at} does not know the model ${endpoint.model} (404)`,
        hint: 'Check the URL (it usually ends in /v1) and the model name.',
      };
    case 413:
      return { code: 'invalid', what: `${at} says the request is too large (413)`, hint: 'Use fewer passages.' };
    case 429: {
      const after = headers.get('retry-after');
      const hint = after ? `Try again in ${/^\d+$/.test(after) ? `${after} s` : after}.` : 'Try again in a while.';
      return { code: 'busy', what: `${at} has too many requests (429)`, hint };
    }
    default:
      if (status >= 500) {
        return {
          code: 'unavailable',
          what: `${at} failed (${status})`,
          hint: 'Look at the log of the server, then try again.',
        };
      }
      return /context|maximum.*tokens|too long/i.test(detail)
        ? {
            code: 'invalid',
            what: `The prompt does not fit ${endpoint.model}`,
            hint: 'Use fewer passages or a shorter answer.',
          }
        : {
            code: 'invalid',
            what: `${at} refused the request (${status})`,
            hint: 'See what it says about the request.',
          };
  }
}

/** The error of a connection: `cause` of fetch's TypeError says what happened. */
export function connectionFault(endpoint: ChatEndpoint, thrown: unknown, began: boolean): RagtuiError {
  const cause = thrown instanceof Error && thrown.cause ? thrown.cause : thrown;
  const errno = errnoOf(cause);
  const at = shownUrl(endpoint);
  const options = { cause: thrown };
  if (began) {
    return new RagtuiError(
      'network',
      `${at} ended the connection in the middle of an answer.`,
      'Look at its log, then ask again.',
      options,
    );
  }
  switch (errno) {
    case 'ECONNREFUSED':
      return new RagtuiError(
        'unavailable',
        `Nothing answers at ${at}.`,
        'Start the server, or correct the URL.',
        options,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new RagtuiError(
        'network',
        `The host of ${at} cannot be found.`,
        'Check the URL and your network.',
        options,
      );
    default: {
      const why = clean(endpoint, cause instanceof Error ? cause.message : String(cause));
      return new RagtuiError(
        'network',
        `${at} cannot be reached: ${why || 'no reason given'}.`,
        'Check the URL and your network.',
        options,
      );
    }
  }
}

export const stallFault = (endpoint: ChatEndpoint, seconds: number): RagtuiError =>
  new RagtuiError(
    'timeout',
    `${shownUrl(endpoint)} sent nothing for ${seconds} s.`,
    'Look at its log; it may be overloaded or hang.',
  );

/** The server's words are not what the protocol says. */
export const protocolFault = (endpoint: ChatEndpoint, what: string): RagtuiError =>
  new RagtuiError('corrupt', `${shownUrl(endpoint)} ${what}.`, 'Is it an OpenAI-compatible chat server?');

/** An error event in the middle of a stream. */
export const streamFault = (endpoint: ChatEndpoint, body: string): RagtuiError =>
  new RagtuiError(
    'unavailable',
    `${shownUrl(endpoint)} failed while answering: ${serverMessage(endpoint, body) || 'no reason given'}`,
    'Look at its log, then ask again.',
  );

function clean(endpoint: ChatEndpoint, text: string): string {
  const withoutKey = endpoint.key ? text.replaceAll(endpoint.key, '[key]') : text;
  return sanitizeLine(redactSecrets(withoutKey)).trim().slice(0, MAX_DETAIL);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
