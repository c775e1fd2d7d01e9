import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubSource } from '../../../src/models/sources/hub.ts';
import { breakOff, serveBytes, sha256, startServer, type TestServer, testBytes } from '../../support/model-server.ts';

const CONTENT = testBytes(300_000);
const SOURCE = { kind: 'hub', repo: 'org/name', revision: 'main', file: 'onnx/model.onnx' } as const;
const FILE = { name: 'model.onnx', bytes: CONTENT.length, sha256: sha256(CONTENT), sources: [SOURCE] };

let folder: string;
const servers: TestServer[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui hub-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function server(handler: Parameters<typeof startServer>[0]): Promise<TestServer> {
  const started = await startServer(handler);
  servers.push(started);
  return started;
}

const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

interface Options {
  readonly hub: TestServer;
  readonly token?: string;
  readonly file?: { name: string; bytes: number; sha256?: string; sources: (typeof SOURCE)[] };
}
function fetchTo(part: string, { hub, token, file = FILE }: Options): Promise<string | undefined> {
  const env = { HF_ENDPOINT: `${hub.url}/`, ...(token ? { HF_TOKEN: token } : {}) };
  return hubSource.fetch(file, SOURCE, part, { env, packages: folder, onBytes: () => {} });
}

describe('the hub', () => {
  it('is asked at the resolve address of the file, with the token, which never follows a redirect to another host', async () => {
    const store = await server((request, response) => serveBytes(request, response, CONTENT));
    const hub = await server((_request, response) => {
      response.writeHead(302, {
        location: `${store.url}/blob`,
        'x-linked-etag': `"${FILE.sha256}"`,
        'x-linked-size': `${CONTENT.length}`,
      });
      response.end();
    });
    const part = path.join(folder, 'model.onnx.part');
    expect(await fetchTo(part, { hub, token: 'hf_secret' })).toBe(FILE.sha256);
    expect(readFileSync(part).equals(CONTENT)).toBe(true);
    expect(hub.seen[0]?.url).toBe('/org/name/resolve/main/onnx/model.onnx');
    expect(hub.seen[0]?.headers['authorization']).toBe('Bearer hf_secret');
    expect(store.seen[0]?.url).toBe('/blob');
    expect(store.seen[0]?.headers['authorization']).toBeUndefined();
  });

  it('goes on where a broken line stopped', async () => {
    const part = path.join(folder, 'part');
    let reached = 0;
    const hub = await server((request, response) => {
      response.setHeader('x-linked-etag', FILE.sha256);
      reached += 100_000;
      if (reached > 200_000) return serveBytes(request, response, CONTENT);
      const wanted = reached;
      return breakOff(request, response, CONTENT, 100_000, () => size(part) === wanted);
    });
    await fetchTo(part, { hub });
    expect(readFileSync(part).equals(CONTENT)).toBe(true);
    expect(hub.seen.map((request) => request.headers.range)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
  });

  it('keeps what came when the line is dead, and a later call goes on from there', async () => {
    const part = path.join(folder, 'part');
    let alive = true;
    const hub = await server((request, response) => {
      if (!alive) return void response.destroy();
      alive = false;
      response.setHeader('x-linked-etag', FILE.sha256);
      return breakOff(request, response, CONTENT, 120_000, () => size(part) === 120_000);
    });
    await expect(fetchTo(part, { hub })).rejects.toMatchObject({ code: expect.stringMatching(/network|unavailable/) });
    expect(statSync(part).size).toBe(120_000);
    const again = await server((request, response) => serveBytes(request, response, CONTENT));
    // Another mirror: begun again, since nothing says that it is the same file.
    await fetchTo(part, { hub: again });
    expect(again.seen[0]?.headers.range).toBeUndefined();
    expect(readFileSync(part).equals(CONTENT)).toBe(true);
  });

  it('begins again when the hub has another file by now', async () => {
    const other = testBytes(200_000).reverse();
    const part = path.join(folder, 'part');
    let first = true;
    const hub = await server((request, response) => {
      response.setHeader('x-linked-etag', first ? 'old' : 'new');
      if (!first) return serveBytes(request, response, other);
      first = false;
      return breakOff(request, response, CONTENT, 50_000, () => size(part) === 50_000);
    });
    await fetchTo(part, { hub, file: { name: 'model.onnx', bytes: 1, sources: [SOURCE] } });
    expect(readFileSync(part).equals(other)).toBe(true);
  });

  it.each([
    [401, 'permission', /gated or private/],
    [403, 'permission', /gated or private/],
    [404, 'not-found', /no onnx\/model\.onnx/],
    [429, 'busy', /come back later/],
    [503, 'network', /HTTP 503/],
  ])('HTTP %i is a %s error with its reason', async (status, code, message) => {
    const hub = await server((_request, response) => void response.writeHead(status).end());
    const error = await fetchTo(path.join(folder, 'part'), { hub }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    if (status === 401) expect(error).toMatchObject({ hint: expect.stringContaining(`${hub.url}/org/name`) });
    expect(existsSync(path.join(folder, 'part'))).toBe(false);
  });

  it('is refused before a byte is read when its hash or size is not that of the catalogue', async () => {
    for (const headers of [{ 'x-linked-etag': `"${'0'.repeat(64)}"` }, { 'x-linked-size': '7' }]) {
      const hub = await server((request, response) => {
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        serveBytes(request, response, CONTENT);
      });
      await expect(fetchTo(path.join(folder, 'part'), { hub })).rejects.toMatchObject({ code: 'checksum' });
      expect(existsSync(path.join(folder, 'part'))).toBe(false);
    }
  });

  it('that is not there fails with the reason', async () => {
    const hub = await server(() => {});
    await hub.close();
    await expect(fetchTo(path.join(folder, 'part'), { hub })).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('stops at once when cancelled', async () => {
    const stop = new AbortController();
    const hub = await server((_request, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length });
      response.write(CONTENT.subarray(0, 1000), () => stop.abort());
    });
    const options = { env: { HF_ENDPOINT: hub.url }, packages: folder, onBytes: () => {}, signal: stop.signal };
    await expect(hubSource.fetch(FILE, SOURCE, path.join(folder, 'part'), options)).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});
