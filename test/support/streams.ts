import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { constants, createGzip } from 'node:zlib';
import { z } from 'zod';
import { fixturesDir } from '../../src/platform/entry.ts';
import type { FakeReply } from './fake-openai.ts';

const atMs = z.number().nonnegative();
const headSchema = z.object({
  /** What it is and where it is from. */
  about: z.string(),
  atMs,
  status: z.number().int(),
  headers: z.record(z.string(), z.string()),
});
const pieceSchema = z.union([
  z.object({ atMs, text: z.string() }),
  /** `close`: as HTTP ends; `cut`: the connection is gone; `stall`: nothing more comes. */
  z.object({ atMs, end: z.enum(['close', 'cut', 'stall']) }),
]);

/** The streams in `fixtures/streams`: one JSON object a line, with the time each came (ms since the request). */
export const streamNames = (): string[] =>
  readdirSync(path.join(fixturesDir(), 'streams')).map((name) => path.basename(name, '.jsonl'));

/**
 * Answers as a recorded server did: with `speed: 'recorded'` at its pace, else without waiting. `{{key}}` stands for
 * the key of the request, `{{key-begin}}` and `{{key-end}}` for its halves.
 */
export function replay(name: string, speed: 'recorded' | 'at once' = 'at once'): FakeReply {
  const file = path.join(fixturesDir(), 'streams', `${name}.jsonl`);
  const [first = '', ...rest] = readFileSync(file, 'utf8').trim().split('\n');
  const head = headSchema.parse(JSON.parse(first));
  const pieces = rest.map((line) => pieceSchema.parse(JSON.parse(line)));
  return async (response, request) => {
    const startedAt = performance.now();
    const until = async (at: number): Promise<void> => {
      const wait = at - (performance.now() - startedAt);
      if (speed === 'recorded' && wait > 0) await delay(wait);
    };
    const key = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const half = key.length >> 1;
    const filled = (text: string) =>
      text
        .replaceAll('{{key}}', key)
        .replaceAll('{{key-begin}}', key.slice(0, half))
        .replaceAll('{{key-end}}', key.slice(half));
    await until(head.atMs);
    response.writeHead(head.status, head.headers);
    response.flushHeaders();
    const gzip =
      head.headers['content-encoding'] === 'gzip' ? createGzip({ flush: constants.Z_SYNC_FLUSH }) : undefined;
    gzip?.pipe(response);
    const body = gzip ?? response;
    for (const piece of pieces) {
      await until(piece.atMs);
      if ('text' in piece)
        await new Promise<void>((resolve) => body.write(filled(piece.text), () => setImmediate(resolve)));
      else if (piece.end === 'close') body.end();
      else if (piece.end === 'cut') response.destroy();
    }
  };
}
