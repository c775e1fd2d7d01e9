import { createServer } from 'node:http';
import { z } from 'zod';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';
import { syntheticVectors } from './synthetic.ts';

export const DIMENSION = 512;
const requestSchema = z.object({ input: z.array(z.string()) });

/**
 * An embedding server on loopback that knows the vectors of some texts and makes up the others: what the product does
 * around an embedder can then be measured with vectors of our choice, through the same door as any `models add --url`.
 */
export interface VectorServer {
  readonly url: string;
  /** Texts asked for since the start. */
  readonly asked: () => number;
  /** From now on `text` has this vector (of unit length). */
  set(text: string, vector: Float32Array): void;
  close(): Promise<void>;
}

export async function startVectorServer(): Promise<VectorServer> {
  const known = new Map<string, string>();
  // Some hundred vectors, ready as JSON, stand in for all texts nobody set: the server must cost nearly nothing.
  const made = syntheticVectors({ count: 256, seed: 7, dimension: DIMENSION });
  const madeJson = Array.from({ length: 256 }, (_, row) => json(made.subarray(row * DIMENSION, (row + 1) * DIMENSION)));
  let asked = 0;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { input } = requestSchema.parse(JSON.parse(Buffer.concat(pieces).toString('utf8')));
      asked += input.length;
      const data = input.map((text, index) => {
        const vector = known.get(text) ?? madeJson[checksum(text) % madeJson.length] ?? '';
        return `{"object":"embedding","index":${index},"embedding":${vector}}`;
      });
      response.setHeader('content-type', 'application/json');
      response.end(`{"object":"list","data":[${data.join(',')}],"usage":{"prompt_tokens":${input.length * 40}}}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    asked: () => asked,
    set: (text, vector) => known.set(text, json(vector)),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Adds the server to a workspace as an embedder. */
export async function addVectorServer(paths: WorkspacePaths, name: string, { url }: VectorServer): Promise<void> {
  await addEndpoint(paths, { name, kind: 'embedding', url, model: 'synthetic' });
}

const json = (vector: Float32Array): string => `[${Array.from(vector, (value) => value.toFixed(7)).join(',')}]`;

function checksum(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at += 1) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) >>> 0;
  return sum;
}
