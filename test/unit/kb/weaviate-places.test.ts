import { createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { WeaviateConnection } from '../../../src/kb/backends/weaviate/client.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Notes what it is told first and hangs up. */
async function listen(host: string): Promise<{ port: number; heard: Buffer[] }> {
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (data) => {
      heard.push(data);
      socket.destroy();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, heard };
}

it('encrypts what goes to a further node that is not this machine, also when the first one is', async () => {
  const first = await listen('127.0.0.1');
  // By name and rules another host, yet within reach.
  const further = await listen('127.0.0.2');
  const url = `weaviate://127.0.0.1:${first.port}?also=127.0.0.2:${further.port}`;
  const connection = new WeaviateConnection({
    server: { name: 'wv', kind: 'weaviate', url },
    secret: 'a-key-of-tests',
    ca: undefined,
  });
  const call = connection.call({ method: 'GET', path: 'meta', schema: z.unknown() });
  await expect(call).rejects.toMatchObject({ code: 'unavailable' });
  expect(first.heard[0]?.toString('latin1')).toMatch(/^GET \/v1\/meta/);
  expect(further.heard.length).toBeGreaterThan(0);
  // The first byte of a TLS handshake.
  for (const data of further.heard) expect(data[0]).toBe(0x16);
});
