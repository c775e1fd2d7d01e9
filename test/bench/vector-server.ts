import { createServer } from 'node:http';
import { z } from 'zod';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';
import { syntheticMaker } from './synthetic.ts';

export const DIMENSION = 512;
const requestSchema = z.object({
  input: z.array(z.string()),
  encoding_format: z.enum(['float', 'base64']).default('float'),
});
type Format = z.output<typeof requestSchema>['encoding_format'];

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

export interface VectorServerOptions {
  readonly dimension?: number;
}

export async function startVectorServer({ dimension = DIMENSION }: VectorServerOptions = {}): Promise<VectorServer> {
  const known = new Map<string, Float32Array>();
  const make = syntheticMaker(dimension);
  let asked = 0;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { input, encoding_format } = requestSchema.parse(JSON.parse(Buffer.concat(pieces).toString('utf8')));
      asked += input.length;
      const data = input.map((text, index) => {
        const vector = known.get(text) ?? make(checksum(text));
        return `{"object":"embedding","index":${index},"embedding":${encoded(vector, encoding_format)}}`;
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
    set: (text, vector) => known.set(text, vector),
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

/** As a server writes it. */
const encoded = (vector: Float32Array, format: Format): string =>
  format === 'base64'
    ? `"${Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')}"`
    : `[${Array.from(vector, (value) => value.toFixed(7)).join(',')}]`;

function checksum(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at += 1) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) >>> 0;
  // Spread: what differs in the last letters must differ in the first bits too.
  return Math.imul(sum ^ (sum >>> 15), 0x2c1b3c6d) >>> 0;
}
