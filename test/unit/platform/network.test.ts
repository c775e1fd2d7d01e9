import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requestEmbeddings } from '../../../src/models/embeddings-request.ts';
import { streamChat } from '../../../src/models/endpoint.ts';
import { hubSource } from '../../../src/models/sources/hub.ts';
import type { ModelFile } from '../../../src/models/sources/source.ts';
import { request, useNetwork } from '../../../src/platform/network.ts';
import { proxyFor } from '../../../src/platform/network-proxy.ts';
import { selfSigned } from '../../support/certificates.ts';
import { type FakeOpenAi, fakeOpenAi, says, status } from '../../support/fake-openai.ts';
import { type FakeProxy, fakeProxy } from '../../support/proxy.ts';

const REQUEST = {
  messages: [{ role: 'user' as const, content: 'Hi' }],
  sampling: { temperature: 0, seed: 7, maxTokens: 32 },
};

let folder: string;
const open: { close(): Promise<void> }[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-net-'));
});
afterEach(async () => {
  useNetwork(undefined);
  for (const one of open.splice(0)) await one.close();
  rmSync(folder, { recursive: true, force: true });
});
const kept = <T extends { close(): Promise<void> }>(one: T): T => {
  open.push(one);
  return one;
};
const server = async (tls?: Parameters<typeof fakeOpenAi>[0]): Promise<FakeOpenAi> => kept(await fakeOpenAi(tls));
const proxy = async (options: Parameters<typeof fakeProxy>[0] = {}): Promise<FakeProxy> =>
  kept(await fakeProxy({ leadsTo: '127.0.0.1', ...options }));
/** The server under a name that only the proxy knows. */
const elsewhere = (url: string): string => url.replace('127.0.0.1', 'box.test');

describe('which proxy', () => {
  const env = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'plain:2' };
  const via = (url: string, more: NodeJS.ProcessEnv = {}) => proxyFor(new URL(url), { ...env, ...more })?.href;

  test.each([
    ['https://api.example.com/v1', 'http://secure:1/'],
    ['http://api.example.com/v1', 'http://plain:2/'],
    ['http://localhost:8000/v1', undefined],
    ['http://127.0.0.1:8000/v1', undefined],
    ['http://127.9.9.9/v1', undefined],
    ['https://[::1]/v1', undefined],
    ['http://me.localhost/v1', undefined],
  ])('%s → %s', (url, proxied) => expect(via(url)).toBe(proxied));

  test('names in small letters win, and ALL_PROXY stands in', () => {
    expect(via('https://a.b/', { https_proxy: 'http://small:3' })).toBe('http://small:3/');
    expect(proxyFor(new URL('https://a.b/'), { ALL_PROXY: 'http://all:4' })?.href).toBe('http://all:4/');
    expect(proxyFor(new URL('https://a.b/'), {})).toBeUndefined();
  });

  test.each([
    ['*', 'https://a.example.com/', true],
    ['example.com', 'https://a.example.com/', true],
    ['example.com', 'https://example.com/', true],
    ['.example.com', 'https://a.example.com/', true],
    ['*.example.com', 'https://a.example.com/', true],
    ['example.com', 'https://badexample.com/', false],
    ['other.org, example.com', 'https://example.com/', true],
    ['example.com:8443', 'https://example.com/', false],
    ['example.com:8443', 'https://example.com:8443/', true],
    ['example.com:443', 'https://example.com/', true],
    ['10.0.0.0/8', 'http://10.1.2.3:8000/', true],
    ['10.0.0.0/8', 'http://11.1.2.3:8000/', false],
    ['10.1.2.3', 'http://10.1.2.3:8000/', true],
    ['1.2.3', 'http://10.1.2.3/', false],
    ['fd00::/8', 'http://[fd12::1]/', true],
    ['nonsense/x', 'http://10.1.2.3/', false],
  ])('NO_PROXY=%s excepts %s: %s', (list, url, excepted) => {
    expect(via(url, { NO_PROXY: list }) === undefined).toBe(excepted);
    expect(via(url, { no_proxy: list }) === undefined).toBe(excepted);
  });
});

describe('through a proxy', () => {
  test('a plain request is forwarded; what does not leave the machine takes no proxy', async () => {
    const [box, way] = [await server(), await proxy()];
    box.script(says(['hello']));
    useNetwork({ env: { HTTP_PROXY: way.url }, caFile: undefined });
    expect((await streamChat({ url: elsewhere(box.url), model: 'm' }, REQUEST)).text).toBe('hello');
    expect(way.seen).toEqual([`POST ${elsewhere(box.url)}/chat/completions`]);
    expect((await streamChat({ url: box.url, model: 'm' }, REQUEST)).text).toBe('hello');
    expect(way.seen).toHaveLength(1);
  });

  test('TLS goes through a tunnel, with the certificate of network.ca_file; chat, embeddings and downloads alike', async () => {
    const certificate = selfSigned({ hosts: ['box.test'] });
    const caFile = path.join(folder, 'ca.pem');
    writeFileSync(caFile, certificate.cert);
    const [box, way] = [await server(certificate), await proxy({ wants: `Basic ${btoa('me:se cret')}` })];
    const url = elsewhere(box.url);
    useNetwork({ env: { https_proxy: way.url.replace('//', '//me:se%20cret@') }, caFile });
    box.script(
      says(['hello']),
      status(200, { data: [{ index: 0, embedding: [3, 4] }] }),
      status(200, 'the file', { etag: '"x"' }),
    );
    expect((await streamChat({ url, model: 'm' }, REQUEST)).text).toBe('hello');
    const { vectors } = await requestEmbeddings({ name: 'e', url, model: 'm' }, ['a']);
    expect([...(vectors[0] ?? [])]).toEqual([expect.closeTo(0.6), expect.closeTo(0.8)]);
    const file: ModelFile = { name: 'f', bytes: 8, sources: [] };
    await hubSource.fetch(file, { kind: 'hub', repo: 'a/b', revision: 'main', file: 'f' }, path.join(folder, 'part'), {
      env: { HF_ENDPOINT: new URL(url).origin },
      packages: folder,
      onBytes: () => undefined,
    });
    expect(new Set(way.seen)).toEqual(new Set([`CONNECT ${new URL(url).host}`]));
    expect(box.requests.map((one) => one.path)).toEqual([
      '/v1/chat/completions',
      '/v1/embeddings',
      '/a/b/resolve/main/f',
    ]);
  });

  test.each(['https', 'http'])('that wants a password says so (%s)', async (scheme) => {
    const way = await proxy({ wants: 'Basic x' });
    useNetwork({ env: { HTTP_PROXY: way.url, HTTPS_PROXY: way.url }, caFile: undefined });
    const asked = streamChat({ url: `${scheme}://box.test/v1`, model: 'm' }, REQUEST);
    await expect(asked).rejects.toMatchObject({ code: 'permission', message: expect.stringContaining(way.url) });
  });

  test('does not hide what is wrong with a certificate behind it', async () => {
    const [box, way] = [await server(selfSigned({ hosts: ['box.test'] })), await proxy()];
    useNetwork({ env: { HTTPS_PROXY: way.url }, caFile: undefined });
    const asked = streamChat({ url: elsewhere(box.url), model: 'm' }, REQUEST);
    await expect(asked).rejects.toMatchObject({ message: expect.stringContaining('signed by itself') });
  });

  test('that is not there, or is none, is named', async () => {
    const gone = await fakeProxy();
    await gone.close();
    useNetwork({ env: { HTTPS_PROXY: gone.url.replace('//', '//me:secret@') }, caFile: undefined });
    const asked = streamChat({ url: 'https://box.test/v1', model: 'm' }, REQUEST);
    await expect(asked).rejects.toMatchObject({
      code: 'unavailable',
      message: `Nothing answers at the proxy ${gone.url}, through which https://box.test/v1 is asked.`,
    });
    useNetwork({ env: { HTTPS_PROXY: 'socks5://me:secret@127.0.0.1:1' }, caFile: undefined });
    const socks = streamChat({ url: 'https://box.test/v1', model: 'm' }, REQUEST);
    await expect(socks).rejects.toMatchObject({ code: 'unsupported', message: expect.not.stringContaining('secret') });
  });
});

describe('certificates', () => {
  const hello = async (certificate: ReturnType<typeof selfSigned>, trusted: boolean) => {
    const caFile = path.join(folder, 'ca.pem');
    writeFileSync(caFile, `a comment\n${certificate.cert}`);
    const box = await server(certificate);
    box.script(says(['hello']));
    useNetwork({ env: {}, caFile: trusted ? caFile : undefined });
    return streamChat({ url: box.url, model: 'm', key: 'sk-not-for-everybody' }, REQUEST);
  };

  test('one of our own is trusted once it is named, and only then', async () => {
    const own = selfSigned();
    expect((await hello(own, true)).text).toBe('hello');
    await expect(hello(own, false)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('signed by itself'),
      hint: expect.stringContaining('network.ca_file'),
    });
    expect(open).toHaveLength(2);
  });

  test('one that has expired, or is for another host, says so', async () => {
    const old = selfSigned({ from: new Date('2020-01-01'), until: new Date('2021-01-01') });
    await expect(hello(old, true)).rejects.toMatchObject({ message: expect.stringContaining('has expired') });
    const other = selfSigned({ hosts: ['elsewhere.test'] });
    await expect(hello(other, true)).rejects.toMatchObject({ message: expect.stringContaining('for another host') });
  });

  test('https:// to a server without TLS says so', async () => {
    const box = await server();
    useNetwork({ env: {}, caFile: undefined });
    const asked = streamChat({ url: box.url.replace('http:', 'https:'), model: 'm' }, REQUEST);
    await expect(asked).rejects.toMatchObject({ message: expect.stringContaining('does not speak TLS') });
  });

  test('a file that is missing or holds none is an error with its name', async () => {
    const caFile = path.join(folder, 'ca.pem');
    useNetwork({ env: {}, caFile });
    await expect(request('http://127.0.0.1:1')).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(caFile),
    });
    writeFileSync(caFile, 'nothing');
    await expect(request('http://127.0.0.1:1')).rejects.toMatchObject({
      message: expect.stringContaining('no certificate'),
    });
  });
});
