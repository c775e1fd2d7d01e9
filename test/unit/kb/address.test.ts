import { expect, it } from 'vitest';
import { kindOfUrl, serverUrl, usesTls } from '../../../src/kb/backends/address.ts';
import { MilvusConnection } from '../../../src/kb/backends/milvus/client.ts';

const milvus = (url: string) => ({ name: 'm', kind: 'milvus' as const, url });
const placeOf = (url: string) => new MilvusConnection({ server: milvus(url), secret: undefined, ca: undefined }).place;

it('reads user, database and how fresh a search is from the URL of a Milvus', () => {
  // 0, 2, 3: Strong, Bounded and Eventually in milvus.proto.
  expect(placeOf('milvus://host')).toMatchObject({ address: 'host:19530', user: '', database: '', consistency: 0 });
  expect(placeOf('milvus://ana%40x@host:1/d%20b?consistency=bounded')).toMatchObject({
    address: 'host:1',
    user: 'ana@x',
    database: 'd b',
    consistency: 2,
  });
  expect(placeOf('milvus://host?consistency=eventually').consistency).toBe(3);
});

it.each(['milvus://host?consistency=sometimes', 'milvus://', 'http://host:19530'])(
  'refuses %s when it is added, as when it is used',
  (url) => {
    const refusal = { code: 'usage', message: `"${url}" is not the URL of a milvus server.` };
    expect(() => serverUrl(milvus(url))).toThrow(expect.objectContaining(refusal));
    expect(() => placeOf(url)).toThrow(expect.objectContaining(refusal));
  },
);

it('takes no password in a URL, and repeats none', () => {
  const url = 'milvus://ana:secret@host';
  expect(() => placeOf(url)).toThrow('A password does not belong in the URL.');
  expect(() => serverUrl(milvus(url))).toThrow(expect.objectContaining({ code: 'usage' }));
});

it('tells the kind by the URL, and encrypts unless it stays on this machine', () => {
  expect(['milvus://h', 'postgresql://u@h/d', 'weaviate://h'].map(kindOfUrl)).toEqual([
    'milvus',
    'pgvector',
    'weaviate',
  ]);
  expect(['milvus://127.0.0.1', 'milvus://h'].map((url) => usesTls(milvus(url)))).toEqual([false, true]);
});
