import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { waitUntil } from '../../src/platform/processes.ts';

export interface SeenRequest {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface TestServer {
  readonly url: string;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

type Handler = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

/** An HTTP server on loopback that remembers what it was asked. */
export async function startServer(handler: Handler): Promise<TestServer> {
  const seen: SeenRequest[] = [];
  const server: Server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const one = { url: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces).toString('utf8') };
      seen.push(one);
      void handler(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Answers like the hub's file store: whole, or from the offset asked for. */
export function serveBytes(request: SeenRequest, response: ServerResponse, content: Buffer): void {
  response.end(beginBytes(request, response, content));
}

/** The same, but the line breaks off after `bytes` of it, once `arrived` says that they are at the other end. */
export async function breakOff(
  request: SeenRequest,
  response: ServerResponse,
  content: Buffer,
  bytes: number,
  arrived: () => boolean,
): Promise<void> {
  response.write(beginBytes(request, response, content).subarray(0, bytes));
  await waitUntil(arrived, 10_000, 2);
  response.destroy();
}

function beginBytes(request: SeenRequest, response: ServerResponse, content: Buffer): Buffer {
  const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const body = content.subarray(from);
  if (from > 0) response.setHeader('content-range', `bytes ${from}-${content.length - 1}/${content.length}`);
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': body.length, etag: '"of-the-file-store"' });
  return body;
}

export const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** Bytes that repeat nowhere soon, the same in every run. */
export function testBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
