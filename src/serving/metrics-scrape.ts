import { authHeaders, type ChatEndpoint, rootUrl } from '../models/endpoint-url.ts';
import { request } from '../platform/network.ts';
import { readServer, type ServerReading } from './metrics-reading.ts';
import type { ServerSample } from './metrics-types.ts';

/** Far above what a server with many models sends (vLLM: 60 kB). */
const MOST_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 900;

export type Scrape =
  | { readonly state: 'ok'; readonly reading: ServerReading }
  | { readonly state: Exclude<ServerSample['state'], 'ok' | 'starting'> };

/** Reads `/metrics` of a server once, at most 4 MB of it in 0.9 s. Never throws: what goes wrong is a state. */
export async function scrapeServer(endpoint: ChatEndpoint, timeoutMs = TIMEOUT_MS): Promise<Scrape> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await request(rootUrl(endpoint, 'metrics'), {
      headers: { accept: 'text/plain', ...authHeaders(endpoint) },
      // A key must not follow a redirect to a host nobody approved.
      redirect: 'error',
      signal,
    });
    if (!response.ok) {
      await response.body?.cancel();
      return { state: refusal(response.status) };
    }
    const text = await readLimited(response);
    const reading = text === null ? null : readServer(text);
    return reading ? { state: 'ok', reading } : { state: 'garbage' };
  } catch {
    return { state: signal.aborted ? 'slow' : 'unreachable' };
  }
}

function refusal(status: number): 'denied' | 'silent' | 'unreachable' {
  if (status === 401 || status === 403) return 'denied';
  return status < 500 || status === 501 ? 'silent' : 'unreachable';
}

/** The body as text; null when it is too long. */
async function readLimited({ body }: Awaited<ReturnType<typeof request>>): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > MOST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
