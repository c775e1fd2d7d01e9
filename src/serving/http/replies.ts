import type { ServerResponse } from 'node:http';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { HttpError } from './errors.ts';

/** Answers with JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}

/** Answers 200 with plain text. */
export function sendText(response: ServerResponse, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(200, { 'content-type': type });
  response.end(text);
}

/** Answers with what was thrown: an `HttpError` as it is, a `RagtuiError` by its code, anything else as 500. */
export function sendError(response: ServerResponse, thrown: unknown): void {
  const error = toHttpError(thrown);
  if (!response.headersSent) sendJson(response, error.status, error.body, error.headers);
  // In the middle of a stream an error is one more event.
  else if (!response.writableEnded) response.end(`data: ${JSON.stringify(error.body)}\n\n`);
}

const STATUS: Readonly<Record<string, number>> = {
  unsupported: 400,
  invalid: 400,
  usage: 400,
  corrupt: 400,
  'not-found': 404,
  cancelled: 503,
  unavailable: 503,
};

function toHttpError(thrown: unknown): HttpError {
  if (thrown instanceof HttpError) return thrown;
  const { code, message } = toRagtuiError(thrown);
  if (!(thrown instanceof RagtuiError)) console.error(thrown);
  return new HttpError(STATUS[code] ?? 500, code, message);
}
