import type { Answer } from '../platform/network.ts';
import { protocolFault } from './endpoint-faults.ts';
import type { ChatEndpoint } from './endpoint-url.ts';

/** Vectors of a batch, the largest of honest answers, take a tenth of it. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The body of an answer. Errors: `corrupt` for one that is larger than any honest one, since it may have no end. */
export async function wholeBody(
  endpoint: ChatEndpoint,
  response: Pick<Answer, 'body'>,
  most = MOST_BYTES,
): Promise<string> {
  const { text, over } = await readUpTo(response, most);
  if (over) throw protocolFault(endpoint, 'sends an answer that does not end');
  return text;
}

/** The beginning of a body, about `most` bytes of it. */
export async function bodyBeginning(response: Pick<Answer, 'body'>, most: number): Promise<string> {
  return (await readUpTo(response, most)).text;
}

async function readUpTo(response: Pick<Answer, 'body'>, most: number): Promise<{ text: string; over: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  // Leaving the loop closes the connection.
  for await (const piece of response.body) {
    bytes += piece.length;
    text += decoder.decode(piece, { stream: true });
    if (bytes > most) return { text, over: true };
  }
  return { text: text + decoder.decode(), over: false };
}
