import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { resolveEmbedder, startEmbedder } from '../../../src/models/embedder-client.ts';
import { requestEmbeddings } from '../../../src/models/embeddings-request.ts';
import { addEndpoint } from '../../../src/models/endpoint-entries.ts';
import { acceptVectors } from '../../../src/models/http-embedder.ts';
import { poolFolder } from '../../../src/models/pool-figures.ts';
import { readCanaries } from '../../../src/models/server-canary.ts';
import { canaryFile } from '../../../src/models/store.ts';
import { type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { type SeenRequest, startServer, type TestServer } from '../../support/model-server.ts';

const bodySchema = z.object({ model: z.string(), input: z.array(z.string()) });
const inputsOf = (request: SeenRequest): string[] => bodySchema.parse(JSON.parse(request.body)).input;

/** A server whose vector of a text is [its length, 3, turn], not of unit length and listed backwards. */
const answer = (inputs: readonly string[], turn = 0): string =>
  JSON.stringify({
    data: inputs.map((text, index) => ({ index, embedding: [text.length, 3, turn] })).reverse(),
    usage: { prompt_tokens: inputs.length * 10 },
  });

let home: string;
let paths: WorkspacePaths;
let server: TestServer | undefined;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui http-'));
  paths = workspacePaths(home, {});
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  delete process.env['RAGTUI_TEST_KEY'];
  vi.restoreAllMocks();
  rmSync(home, { recursive: true, force: true });
});

/** A server whose model changes with `turn`, or gets longer vectors with `extra`; used once, so that its promise stands. */
async function changing() {
  const served = { turn: 0, extra: [] as number[], calls: 0, texts: [] as string[], url: '' };
  server = await startServer((request, response) => {
    const inputs = inputsOf(request);
    served.calls += 1;
    served.texts.push(...inputs);
    const data = inputs.map((text, index) => ({ index, embedding: [text.length, 3, served.turn, ...served.extra] }));
    response.end(JSON.stringify({ data }));
  });
  served.url = server.url;
  await addEndpoint(paths, endpoint(served.url));
  return { served, resolved: await resolveEmbedder(paths, 'remote') };
}

/** Lets the clock of the checks go on. */
function passTime(ms: number): void {
  const at = performance.now() + ms;
  vi.spyOn(performance, 'now').mockImplementation(() => at);
}

const endpoint = (url: string) => ({ name: 'remote', kind: 'embedding', url, model: 'm' }) as const;

describe('requestEmbeddings', () => {
  it('asks for 64 at a time, keeps the order, makes unit vectors, shares the tokens out', async () => {
    const started = await startServer((request, response) => void response.end(answer(inputsOf(request))));
    server = started;
    const texts = Array.from({ length: 150 }, (_, index) => 'x'.repeat((index % 7) + 1));
    const { vectors, tokens } = await requestEmbeddings(
      { name: 'remote', url: `${started.url}/v1/`, model: 'm' },
      texts,
    );
    expect(started.seen.map((request) => request.url)).toEqual(Array(3).fill('/v1/embeddings'));
    expect(started.seen.map((request) => inputsOf(request).length).sort()).toEqual([22, 64, 64]);
    for (const [index, text] of texts.entries()) {
      const norm = Math.hypot(text.length, 3);
      expect([...(vectors[index] ?? [])]).toEqual([
        expect.closeTo(text.length / norm, 6),
        expect.closeTo(3 / norm, 6),
        0,
      ]);
    }
    expect(Math.abs(tokens.reduce((sum, count) => sum + count, 0) - 1500)).toBeLessThan(75);
  });

  it('waits as long as a busy server asks, then goes on', async () => {
    let calls = 0;
    const started = await startServer((request, response) => {
      calls += 1;
      if (calls === 1) return void response.writeHead(429, { 'retry-after': '0' }).end();
      if (calls === 2) return void response.writeHead(503, { 'retry-after': '0.01' }).end();
      response.end(answer(inputsOf(request)));
    });
    server = started;
    expect((await requestEmbeddings({ name: 'remote', url: started.url, model: 'm' }, ['a'])).vectors).toHaveLength(1);
    expect(calls).toBe(3);
  });

  it.each([
    [400, { error: { message: 'input is too long' } }, 'invalid', /input is too long/, ['base64', 'float']],
    [401, { error: 'no' }, 'permission', /wants a key/, ['base64']],
  ])('HTTP %i is not tried again and says why', async (status, body, code, message, formats) => {
    const started = await startServer(
      (_request, response) => void response.writeHead(status).end(JSON.stringify(body)),
    );
    server = started;
    const failing = requestEmbeddings({ name: 'remote', url: started.url, model: 'm' }, ['a']);
    await expect(failing).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(started.seen.map((request) => JSON.parse(request.body).encoding_format)).toEqual(formats);
  });

  it('asks for base64, and for numbers from then on where that is refused', async () => {
    const formats: string[] = [];
    const started = await startServer((request, response) => {
      const { encoding_format: format } = JSON.parse(request.body);
      formats.push(format);
      if (format === 'base64') response.writeHead(422).end('{"detail":"encoding_format"}');
      else response.end(answer(inputsOf(request)));
    });
    server = started;
    const remote = { name: 'remote', url: started.url, model: 'm' };
    await requestEmbeddings(remote, ['a']);
    await requestEmbeddings(remote, ['b']);
    expect(formats).toEqual(['base64', 'float', 'float']);
  });

  it('reads base64 as the numbers it is', async () => {
    // 3.0 and 4.0 as little-endian f32.
    const started = await startServer(
      (_request, response) => void response.end(JSON.stringify({ data: [{ index: 0, embedding: 'AABAQAAAgEA=' }] })),
    );
    server = started;
    const { vectors } = await requestEmbeddings({ name: 'remote', url: started.url, model: 'm' }, ['a']);
    expect([...(vectors[0] ?? [])].map((value) => value.toFixed(3))).toEqual(['0.600', '0.800']);
  });

  it.each([
    ['a page', '<html>', 'corrupt'],
    ['another shape', '{"vectors": []}', 'corrupt'],
    ['too few vectors', JSON.stringify({ data: [{ index: 0, embedding: [1] }] }), 'invalid'],
    ['a zero vector', JSON.stringify({ data: [0, 1].map((index) => ({ index, embedding: [0, 0] })) }), 'invalid'],
  ])('refuses %s', async (_name, body, code) => {
    const started = await startServer((_request, response) => void response.end(body));
    server = started;
    const failing = requestEmbeddings({ name: 'remote', url: started.url, model: 'm' }, ['a', 'b']);
    await expect(failing).rejects.toMatchObject({ code });
  });

  it('sends the key of the variable named, and says when it is not set', async () => {
    const started = await startServer((request, response) => void response.end(answer(inputsOf(request))));
    server = started;
    const target = { name: 'remote', url: started.url, model: 'm', keyEnv: 'RAGTUI_TEST_KEY' };
    await expect(requestEmbeddings(target, ['a'])).rejects.toMatchObject({ code: 'permission' });
    process.env['RAGTUI_TEST_KEY'] = 'k-1';
    await requestEmbeddings(target, ['a']);
    expect(started.seen.map((request) => request.headers['authorization'])).toEqual(['Bearer k-1']);
  });

  it('never repeats the key that a server repeats when it refuses it', async () => {
    const started = await startServer((request, response) => {
      const message = `wrong key: ${request.headers['authorization']}`;
      response.writeHead(401).end(JSON.stringify({ error: { message } }));
    });
    server = started;
    process.env['RAGTUI_TEST_KEY'] = 'k-17';
    const target = { name: 'remote', url: started.url, model: 'm', keyEnv: 'RAGTUI_TEST_KEY' };
    const failing = requestEmbeddings(target, ['a']);
    await expect(failing).rejects.toMatchObject({ message: expect.stringContaining('wrong key: Bearer [key]') });
  });

  it('is cancelled in the middle of a request', async () => {
    const stop = new AbortController();
    const started = await startServer(() => stop.abort());
    server = started;
    const failing = requestEmbeddings({ name: 'remote', url: started.url, model: 'm' }, ['a'], stop.signal);
    await expect(failing).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('an embedding endpoint', () => {
  it('learns its dimension at the first use and puts the instruction before queries', async () => {
    const started = await startServer((request, response) => void response.end(answer(inputsOf(request))));
    server = started;
    await addEndpoint(paths, { ...endpoint(started.url), queryInstruction: 'find: ' });
    const resolved = await resolveEmbedder(paths, 'remote');
    expect(resolved).toMatchObject({
      id: 'remote',
      dimension: 3,
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect((await resolveEmbedder(paths, 'remote')).fingerprint).toBe(resolved.fingerprint);
    const embedder = await startEmbedder(resolved);
    await embedder.embed(['q'], { kind: 'query' });
    await embedder.embed(['q'], { kind: 'query', instruction: false });
    await embedder.embed(['q'], { kind: 'passage' });
    expect(started.seen.slice(-3).flatMap(inputsOf)).toEqual(['find: q', 'q', 'q']);
  });

  it('is stopped by its name when it gives other vectors than at its first use', async () => {
    const { served, resolved } = await changing();
    served.turn = 0.001;
    await startEmbedder(resolved);
    served.turn = 5;
    passTime(20_000);
    await expect(startEmbedder(resolved)).rejects.toMatchObject({
      code: 'checksum',
      message: expect.stringMatching(/"remote" gives other vectors than it promised \(cosine 0\.\d+ on/),
      hint: expect.stringContaining('models check remote --accept'),
    });
  });

  it('is stopped when its vectors have another length, in the middle of its work too', async () => {
    const { served, resolved } = await changing();
    const embedder = await startEmbedder(resolved);
    served.extra = [0];
    const message = expect.stringMatching(/"remote" gives vectors of 4 numbers; it promised 3/);
    await expect(embedder.embed(['a'], { kind: 'passage' })).rejects.toMatchObject({ code: 'checksum', message });
    passTime(20_000);
    await expect(startEmbedder(resolved)).rejects.toMatchObject({ code: 'checksum', message });
  });

  it('is checked again after an hour of use, and not before', async () => {
    const { served, resolved } = await changing();
    const embedder = await startEmbedder(resolved);
    served.turn = 5;
    passTime(3_500_000);
    await embedder.embed(['a'], { kind: 'passage' });
    passTime(200_000);
    await expect(embedder.embed(['a'], { kind: 'passage' })).rejects.toMatchObject({ code: 'checksum' });
    served.turn = 0;
    await embedder.embed(['a'], { kind: 'passage' });
  });

  it('is checked once for the lanes of an ingest that start together', async () => {
    const { served, resolved } = await changing();
    const before = served.calls;
    await Promise.all([1, 2, 3].map(() => startEmbedder(resolved)));
    expect(served.calls - before).toBe(1);
  });

  it('has another fingerprint when its new vectors are accepted, and who used the old ones is stopped', async () => {
    const { served, resolved } = await changing();
    const user = await startEmbedder(resolved);
    const same = await acceptVectors(paths, endpoint(served.url));
    expect([same.before?.fingerprint, same.after.fingerprint]).toEqual([resolved.fingerprint, resolved.fingerprint]);
    served.turn = 5;
    const { before, after } = await acceptVectors(paths, endpoint(served.url));
    expect(before?.fingerprint).toBe(resolved.fingerprint);
    expect(after.fingerprint).not.toBe(resolved.fingerprint);
    expect((await resolveEmbedder(paths, 'remote')).fingerprint).toBe(after.fingerprint);
    await expect(user.embed(['a'], { kind: 'passage' })).rejects.toMatchObject({
      code: 'checksum',
      message: expect.stringContaining('accepted anew'),
    });
    await (await startEmbedder(after)).embed(['a'], { kind: 'passage' });
  });

  it('says nothing of vectors that were looked at by a promise before', async () => {
    const { served, resolved } = await changing();
    const looks = () => readCanaries(poolFolder(paths, 'remote')).map(({ kept }) => kept);
    await startEmbedder(resolved);
    expect(looks()).toEqual([true]);
    served.turn = 5;
    passTime(60_000);
    await expect(startEmbedder(resolved)).rejects.toMatchObject({ code: 'checksum' });
    expect(looks()).toEqual([false]);
    const { after } = await acceptVectors(paths, endpoint(served.url));
    expect(looks()).toEqual([]);
    await startEmbedder(after);
    expect(looks()).toEqual([true]);
  });

  it('keeps a promise that was made before texts were kept with it', async () => {
    const { served, resolved } = await changing();
    const file = canaryFile(paths, 'remote');
    const { texts: _, ...old } = JSON.parse(readFileSync(file, 'utf8'));
    // Those texts were others: "hello" first, 5 letters long.
    const first = Float32Array.of(5, 3, 0).map((value) => value / Math.hypot(5, 3));
    old.vectors[0] = Buffer.from(first.buffer).toString('base64');
    writeFileSync(file, JSON.stringify(old));
    const again = await resolveEmbedder(paths, 'remote');
    expect(again.fingerprint).not.toBe(resolved.fingerprint);
    const asked = served.texts.length;
    await startEmbedder(again).catch(() => undefined);
    expect(served.texts.slice(asked)).toContain('hello');
  });
});
