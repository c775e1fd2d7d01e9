import type { IncomingMessage, ServerResponse } from 'node:http';
import { RagtuiError } from '../../platform/errors.ts';
import { sendError } from './replies.ts';

type Route = (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => Promise<void>;

/** A request listener around `route`: what it throws is answered; its signal aborts when the client goes away. */
export function answering(route: Route): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => {
      if (!response.writableFinished) gone.abort(new RagtuiError('cancelled', 'The client went away.'));
    });
    try {
      await route(request, response, gone.signal);
    } catch (error) {
      if (!gone.signal.aborted) sendError(response, error);
    }
  };
}
