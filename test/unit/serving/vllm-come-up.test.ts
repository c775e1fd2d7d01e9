import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FORWARD_HEADER } from '../../../src/jobs/health.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { checkNames, onlyOtherVectors, throughOutages, untilHealthy } from '../../../src/serving/vllm/come-up.ts';
import { startServer, type TestServer } from '../../support/model-server.ts';

// A server behind a port that leads to another host, and that port's own answers in its place.

let server: TestServer;
beforeEach(async () => {
  server = await startServer((request, response) => answer(request.url, response));
});
afterEach(() => server.close());
let answer: (path: string, response: ServerResponse) => void;
const watch = { lookMs: 1, signal: new AbortController().signal };
const inPlaceOfIt = (response: ServerResponse, type: string) => {
  response.writeHead(503, { [FORWARD_HEADER]: type });
  response.end(JSON.stringify({ error: { type, message: `gpu: ${type}`, code: 503 } }));
};
const url = () => `${server.url}/v1`;
const askedFor = (path: string) => server.seen.filter((one) => one.url === path).length;

test('an outage while its models are asked for is waited for; a name that is missing is not', async () => {
  const says = ['cut', 'down', 'down', 'well', 'well'];
  answer = (_, response) => {
    const now = says.length > 1 ? says.shift() : says[0];
    if (now === 'cut') response.destroy();
    else if (now === 'down') inPlaceOfIt(response, 'unreachable');
    else response.end(JSON.stringify({ data: [{ id: 'base' }] }));
  };
  const names = (...all: string[]) => checkNames({ url: url(), key: 'k' }, all, watch.signal);
  await throughOutages(url(), () => names('base'), watch);
  expect([askedFor('/v1/models'), askedFor('/health')]).toEqual([2, 3]);
  await expect(throughOutages(url(), () => names('base', 'sft'), watch)).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('without sft'),
  });
  expect(askedFor('/v1/models')).toBe(3);
});

test('a server that is well and goes on failing is at fault itself', async () => {
  answer = (path, response) => {
    response.writeHead(path === '/health' ? 200 : 500).end();
  };
  const models = () => checkNames({ url: url(), key: 'k' }, ['base'], watch.signal);
  await expect(throughOutages(url(), models, watch)).rejects.toMatchObject({ code: 'unavailable' });
  expect(askedFor('/v1/models')).toBe(3);
});

test('later looks at its vectors end the server for other vectors alone', async () => {
  const told: string[] = [];
  const look = (error: unknown) =>
    onlyOtherVectors(
      () => Promise.reject(error),
      ({ code }) => told.push(code),
    )();
  await look(new RagtuiError('unavailable', 'gpu cannot be reached.'));
  await look(new TypeError('fetch failed'));
  expect(told).toEqual(['unavailable', 'internal']);
  await expect(look(new RagtuiError('checksum', 'other vectors'))).rejects.toMatchObject({ code: 'checksum' });
});

test('while it starts: why the line does not lead there is told once, a port that nobody has yet is not, a ban ends it', async () => {
  const says = ['closed', 'unreachable', 'unreachable', 'closed', 'well', 'forbidden'];
  answer = (_, response) => {
    const now = says.shift() ?? '';
    if (now === 'well') response.end();
    else inPlaceOfIt(response, now);
  };
  const told: string[] = [];
  const lines = { ...watch, onLine: (why: string) => told.push(why) };
  await untilHealthy(url(), lines);
  expect(told).toEqual(['gpu: unreachable']);
  await expect(untilHealthy(url(), lines)).rejects.toMatchObject({
    code: 'permission',
    message: 'gpu: forbidden',
    hint: expect.stringContaining('AllowTcpForwarding'),
  });
});
