import { z } from 'zod';
import { FORWARD_HEADER } from '../jobs/health.ts';
import { type ErrorCode, RagtuiError } from '../platform/errors.ts';
import { parseJson } from '../platform/json.ts';
import type { Answer } from '../platform/network.ts';
import { redactSecrets } from '../platform/redact.ts';
import { sanitizeLine } from '../platform/sanitize.ts';
import { type ChatEndpoint, shownUrl } from './endpoint-url.ts';

/** What went wrong with one request, and whether asking again may help. */
export class EndpointFault extends RagtuiError {
  /** In a word or two, for the status line: `429`, `nothing answers`; undefined = asking again does not help. */
  readonly again: string | undefined;
  /** Milliseconds the server asked to wait. */
  readonly retryAfterMs: number | undefined;
  /** Nothing listens there: waiting long is of no use. */
  readonly refused: boolean;
  /** The host of a server of ours cannot be reached: what waits for it may go on when it is back. */
  readonly away: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    hint: string,
    more: {
      again?: string;
      retryAfterMs?: number | undefined;
      refused?: boolean;
      away?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(code, message, hint, more.cause === undefined ? undefined : { cause: more.cause });
    this.again = more.again;
    this.retryAfterMs = more.retryAfterMs;
    this.refused = more.refused ?? false;
    this.away = more.away ?? false;
  }
}

const detailSchema = z.object({
  message: z.string(),
  param: z.string().nullish().catch(null),
  code: z.union([z.string(), z.number()]).nullish().catch(null),
  type: z.string().nullish().catch(null),
});
const saidSchema = z.union([
  z.object({ error: detailSchema }).transform(({ error }) => error),
  z.object({ error: z.string() }).transform(({ error }) => ({ message: error })),
  detailSchema,
  z.object({ detail: z.string() }).transform(({ detail }) => ({ message: detail })),
  // FastAPI's way to refuse a field: [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}].
  z
    .object({ detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string() })).min(1) })
    .transform(({ detail: [first] }) => ({ message: first?.msg ?? '', param: String(first?.loc.at(-1) ?? '') })),
]);
const MAX_DETAIL = 300;

interface Said {
  readonly message: string;
  readonly param?: string | null | undefined;
  readonly code?: string | number | null | undefined;
  readonly type?: string | null | undefined;
}

/** What a server said about an error: its JSON message, else the first line of its text. No keys, no control characters. */
export function serverMessage(endpoint: ChatEndpoint, body: string): string {
  return clean(endpoint, said(body).message);
}

function said(body: string): Said {
  const parsed = saidSchema.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  return { message: body.trimStart().startsWith('<') ? '' : (body.split('\n', 1)[0] ?? '') };
}

/** The error of an HTTP status. */
export function statusFault(
  endpoint: ChatEndpoint,
  { status, header, url }: Pick<Answer, 'status' | 'header' | 'url'>,
  body: string,
): EndpointFault {
  const answer = said(body);
  const detail = clean(endpoint, answer.message);
  if (header(FORWARD_HEADER) === 'unreachable') return unreachableFault(endpoint, detail, String(status));
  const at = shownUrl(endpoint);
  const fault = (code: ErrorCode, what: string, hint: string, more: { again?: string } = {}) =>
    new EndpointFault(code, detail ? `${what}: ${detail}` : `${what}.`, hint, {
      ...more,
      retryAfterMs: retryAfter(header('retry-after')),
    });
  const again = { again: String(status) };
  const keyHint = endpoint.keyHint ?? 'Check the key of this endpoint.';
  switch (status) {
    case 401:
      return endpoint.key
        ? fault('permission', `${at} refused the key (401)`, keyHint)
        : fault('permission', `${at} wants a key (401)`, 'Give it one: `ragtui models set NAME --key-env VARIABLE`.');
    case 402:
      return fault('permission', `The account at ${at} has no credit left (402)`, 'Top it up at the provider.');
    case 403:
      return fault(
        'permission',
        `${at} does not allow this (403)`,
        'The key may not use this model, or not from this place. See the console of the provider.',
      );
    case 404:
      return /model/i.test(`${detail} ${answer.code ?? ''}`)
        ? fault(
            'not-found',
            `${at} does not know the model ${endpoint.model} (404)`,
            'See what it has: `ragtui models check NAME`.',
          )
        : fault(
            'not-found',
            `${at} has nothing at ${pathOf(url) || 'that address'} (404)`,
            'Check the URL: it is the base of the API and usually ends in /v1.',
          );
    case 413:
      return fault('invalid', `${at} says the request is too large (413)`, 'Use fewer passages.');
    case 429:
      return isOutOfCredit(answer)
        ? fault('permission', `The account at ${at} has no credit left (429)`, 'Top it up at the provider.')
        : fault('busy', `${at} has too many requests (429)`, whenAgain(header('retry-after')), again);
    case 502:
    case 503:
    case 504:
    case 529:
      return fault('unavailable', `${at} failed (${status})`, 'Look at the log of the server, then try again.', again);
    default:
      if (status >= 500) {
        return fault('unavailable', `${at} failed (${status})`, 'Look at the log of the server, then try again.');
      }
      return refusedRequest(endpoint, status, answer, detail, fault);
  }
}

type MakeFault = (code: ErrorCode, what: string, hint: string) => EndpointFault;

/** Fields we send and what to do without them. */
const FIELDS: readonly { readonly name: string; readonly hint: string }[] = [
  { name: 'seed', hint: 'Leave it out: `ragtui models set NAME --omit seed`.' },
  { name: 'temperature', hint: 'Leave it out: `ragtui models set NAME --omit temperature`.' },
  { name: 'repetition_penalty', hint: 'Leave it out: `ragtui models set NAME --omit repetition_penalty`.' },
  { name: 'stream_options', hint: 'Leave it out: `ragtui models set NAME --omit stream_options`.' },
  { name: 'max_completion_tokens', hint: 'Name it otherwise: `ragtui models set NAME --max-tokens-field max_tokens`.' },
  { name: 'max_tokens', hint: 'Name it otherwise: `ragtui models set NAME --max-tokens-field max_completion_tokens`.' },
];
const REFUSES_FIELD =
  /unsupported|unrecogni[sz]ed|unknown|unexpected|extra|not (?:allowed|permitted|supported)|does not support|invalid (?:param|field|arg)/i;

function refusedRequest(
  endpoint: ChatEndpoint,
  status: number,
  { param, code }: Said,
  detail: string,
  fault: MakeFault,
): EndpointFault {
  const named =
    FIELDS.find(({ name }) => param === name) ?? FIELDS.find(({ name }) => new RegExp(`\\b${name}\\b`).test(detail));
  if (named && REFUSES_FIELD.test(`${detail} ${code ?? ''}`)) {
    return fault('invalid', `${shownUrl(endpoint)} does not take the field ${named.name} (${status})`, named.hint);
  }
  if (/context|maximum.*tokens|too long/i.test(detail)) {
    return fault('invalid', `The prompt does not fit ${endpoint.model}`, 'Use fewer passages or a shorter answer.');
  }
  if (/model/i.test(detail) && /not (?:exist|found|supported)|unknown|invalid model/i.test(detail)) {
    return fault(
      'not-found',
      `${shownUrl(endpoint)} does not know the model ${endpoint.model} (${status})`,
      'See what it has: `ragtui models check NAME`.',
    );
  }
  return fault(
    'invalid',
    `${shownUrl(endpoint)} refused the request (${status})`,
    'See what it says about the request.',
  );
}

const isOutOfCredit = ({ code, type, message }: Said): boolean =>
  /insufficient_quota|insufficient[_ ]balance|arrear/i.test(`${code ?? ''} ${type ?? ''} ${message}`);

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : '';
}

function whenAgain(after: string | null): string {
  const seconds = Math.ceil((retryAfter(after) ?? 0) / 1000);
  if (seconds === 0) return 'Try again in a while.';
  if (seconds < 600) return `Try again in ${seconds} s.`;
  const hours = Math.ceil(seconds / 3600);
  return `Try again in ${hours < 48 ? `${hours} h` : `${Math.ceil(hours / 24)} days`}.`;
}

/** Milliseconds of a `Retry-After` header: seconds, or a date; undefined for a time that is none or past. */
export function retryAfter(value: string | null, now = Date.now()): number | undefined {
  if (!value) return undefined;
  if (/^-?\d+(\.\d+)?$/.test(value)) return Number(value) > 0 ? Number(value) * 1000 : undefined;
  const at = Date.parse(value);
  return at > now ? at - now : undefined;
}

export const stallFault = (endpoint: ChatEndpoint, seconds: number): EndpointFault =>
  new EndpointFault(
    'timeout',
    `${shownUrl(endpoint)} sent nothing for ${seconds} s.`,
    'Look at its log; it may be overloaded or hang.',
  );

/** A server of ours that says nothing at all any more. */
export const silentFault = (endpoint: ChatEndpoint, seconds: number): EndpointFault =>
  new EndpointFault(
    'unavailable',
    `${shownUrl(endpoint)} has not answered for ${seconds} s, not even /health: its process is stopped or hangs.`,
    'Stop it and start it again (`ragtui deploy list`, `ragtui deploy stop NAME`), or let it go on (kill -CONT).',
  );

/** The host that a server of ours runs on cannot be reached; `why` is a sentence that says so. */
export const unreachableFault = (endpoint: ChatEndpoint, why: string, again?: string): EndpointFault =>
  new EndpointFault(
    'unavailable',
    why || `The host behind ${shownUrl(endpoint)} cannot be reached.`,
    'Its server may go on there; ask again when the host is back (`ragtui jobs list` says since when it is away).',
    { away: true, ...(again === undefined ? {} : { again }) },
  );

/** The server's words are not what the protocol says. */
export const protocolFault = (
  endpoint: ChatEndpoint,
  what: string,
  hint = 'Is it an OpenAI-compatible server? Its URL usually ends in /v1.',
): EndpointFault => new EndpointFault('corrupt', `${shownUrl(endpoint)} ${what}.`, hint);

/** An error event in the middle of a stream. */
export const streamFault = (endpoint: ChatEndpoint, body: string): EndpointFault =>
  new EndpointFault(
    'unavailable',
    `${shownUrl(endpoint)} failed while answering: ${serverMessage(endpoint, body) || 'no reason given'}`,
    'Look at its log, then ask again.',
  );

/** Another address than the one asked: a key must not follow to a host nobody approved. */
export function redirectFault(endpoint: ChatEndpoint, status: number, location: string | null): EndpointFault {
  const to = location && URL.canParse(location, endpoint.url) ? new URL(location, endpoint.url) : undefined;
  const shown = to ? `${to.origin}${to.pathname}` : 'another address';
  return new EndpointFault(
    'network',
    `${shownUrl(endpoint)} sends us on to ${clean(endpoint, shown)} (${status}); the key does not follow.`,
    'Give the address it names as the URL, if you trust it.',
  );
}

/** Text of others, without our key, for an error. */
export function clean(endpoint: Pick<ChatEndpoint, 'key'>, text: string): string {
  const withoutKey = endpoint.key ? text.replaceAll(endpoint.key, '[key]') : text;
  return sanitizeLine(redactSecrets(withoutKey)).trim().slice(0, MAX_DETAIL);
}
