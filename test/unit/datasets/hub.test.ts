import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseHubSource } from '../../../src/datasets/hub.ts';
import { pickHubFiles } from '../../../src/datasets/hub-files.ts';
import { importDataset } from '../../../src/datasets/import.ts';
import { openDataset } from '../../../src/datasets/open.ts';
import { listDatasets } from '../../../src/datasets/store.ts';
import { breakOff, serveBytes, sha256, startServer, type TestServer } from '../../support/model-server.ts';
import { all, DatasetWorkspace } from './workspace.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const row = (at: number) => `${JSON.stringify({ instruction: `question ${at}`, output: `answer ${at}` })}\n`;
const FIRST = Buffer.from(Array.from({ length: 2000 }, (_, at) => row(at)).join(''));
const SECOND = Buffer.from(row(2000));
const FILES: Readonly<Record<string, Buffer>> = {
  'data/train-00000-of-00002.jsonl': FIRST,
  'data/train-00001-of-00002.jsonl': SECOND,
  'data/test-00000-of-00001.jsonl': Buffer.from(row(9)),
};

let workspace: DatasetWorkspace;
let hub: TestServer | undefined;
beforeEach(() => {
  workspace = new DatasetWorkspace();
});
afterEach(async () => {
  await hub?.close();
  workspace.remove();
});

type Handler = Parameters<typeof startServer>[0];

/** A hub with one dataset, its list in two pages. `file` may answer for a file instead. */
async function startHub(file?: Handler): Promise<TestServer> {
  const listed = Object.entries(FILES).map(([name, content], at) => ({
    type: 'file',
    path: name,
    size: content.length,
    oid: 'x',
    ...(at === 0 ? { lfs: { oid: sha256(content), size: content.length } } : {}),
  }));
  hub = await startServer(async (request, response) => {
    const json = (value: unknown, headers = {}) => response.writeHead(200, headers).end(JSON.stringify(value));
    const api = '/api/datasets/org/name';
    const { url } = request;
    if (url === `${api}/revision/main`) return void json({ sha: COMMIT });
    if (url === `${api}/tree/${COMMIT}?recursive=true`) {
      const next = `<${hub?.url ?? ''}${api}/tree/${COMMIT}?recursive=true&cursor=2>; rel="next"`;
      return void json([{ type: 'directory', path: 'data', size: 0 }, ...listed.slice(0, 1)], { link: next });
    }
    if (url === `${api}/tree/${COMMIT}?recursive=true&cursor=2`)
      return void json([...listed.slice(1), { type: 'file', path: 'README.md', size: 5 }]);
    const [, name = ''] = new RegExp(`^/datasets/org/name/resolve/${COMMIT}/(.+)$`).exec(url) ?? [];
    const content = FILES[name];
    if (!content) return void response.writeHead(404).end();
    if (file) return file(request, response);
    serveBytes(request, response, content);
  });
  return hub;
}

const from = (server: TestServer, options: { split?: string; token?: string } = {}) =>
  importDataset(workspace.paths, 'hub:org/name', {
    hub: {
      env: { HF_ENDPOINT: `${server.url}/`, ...(options.token ? { HF_TOKEN: options.token } : {}) },
      ...(options.split ? { split: options.split } : {}),
    },
  });

test('the train split of a dataset: all its files, page by page, by the commit, with the token; downloads go', async () => {
  const server = await startHub();
  const { manifest } = await from(server, { token: 'hf_secret' });
  expect(manifest).toMatchObject({ name: 'name', kind: 'sft', rows: 2001 });
  expect(manifest.lineage.source).toMatchObject({ name: 'hub:org/name@0123456789ab', format: 'alpaca' });
  expect(manifest.lineage.sources).toMatchObject([
    { name: 'data/train-00000-of-00002.jsonl', rows: 2000, sha256: sha256(FIRST) },
    { name: 'data/train-00001-of-00002.jsonl', rows: 1, sha256: sha256(SECOND) },
  ]);
  for (const { headers } of server.seen) expect(headers['authorization']).toBe('Bearer hf_secret');
  expect(JSON.stringify(manifest)).not.toContain('hf_secret');
  expect(readdirSync(path.join(workspace.paths.datasets, '.hub'))).toEqual([]);
  const again = await from(server);
  expect(again.added).toBe(false);
  const test = await from(server, { split: 'test' });
  expect(test.manifest).toMatchObject({ rows: 1 });
  const both = await from(server, { split: 'all' });
  expect(both.manifest.rows).toBe(2002);
  expect(both.manifest.splits[0]?.parts.map(({ name, rows }) => [name, rows])).toEqual([
    ['test', 1],
    ['train', 2001],
  ]);
});

test('a line that breaks off leaves no dataset; the next import goes on where it stopped', async () => {
  let broken = 0;
  const half = FIRST.length >> 1;
  const part = () => {
    const folder = path.join(workspace.paths.datasets, '.hub');
    if (!existsSync(folder)) return 0;
    const [key = ''] = readdirSync(folder).filter((name) => !name.endsWith('.lock'));
    return readdirSync(path.join(folder, key)).some((name) => name.endsWith('.part')) ? half : 0;
  };
  const server = await startHub(async (request, response) => {
    const content = request.url.endsWith('00000-of-00002.jsonl') ? FIRST : SECOND;
    if (content === SECOND || broken >= 2) return serveBytes(request, response, content);
    broken++;
    // The first time half of it comes, the second time nothing: then the download gives up.
    if (broken === 1) await breakOff(request, response, content, half, () => part() === half);
    else response.destroy();
  });
  await expect(from(server)).rejects.toMatchObject({ code: 'network' });
  expect(listDatasets(workspace.paths)).toEqual([]);
  const { manifest } = await from(server);
  expect(manifest.rows).toBe(2001);
  expect(server.seen.filter(({ headers }) => headers.range !== undefined).length).toBeGreaterThan(0);
  expect(await all<unknown>(openDataset(workspace.paths, 'name').rows())).toHaveLength(2001);
});

test('what the hub refuses, and what is not there, is said in its words', async () => {
  hub = await startServer((request, response) => {
    const status = request.url.includes('gated') ? 401 : request.url.includes('busy') ? 429 : 404;
    response.writeHead(status).end();
  });
  const env = { HF_ENDPOINT: hub.url };
  const refused = (name: string) => importDataset(workspace.paths, name, { hub: { env } });
  await expect(refused('hub:org/gated')).rejects.toMatchObject({
    code: 'permission',
    hint: expect.stringMatching(/HF_TOKEN/),
  });
  await expect(refused('hub:org/nothing')).rejects.toMatchObject({ code: 'not-found' });
  await expect(refused('hub:org/busy')).rejects.toMatchObject({ code: 'busy' });
  await expect(refused('hub:../etc/passwd')).rejects.toMatchObject({ code: 'usage' });
  const gone = { HF_ENDPOINT: 'http://127.0.0.1:9' };
  await expect(importDataset(workspace.paths, 'hub:org/name', { hub: { env: gone } })).rejects.toMatchObject({
    code: 'network',
    message: expect.stringMatching(/127\.0\.0\.1:9 cannot be asked for org\/name/),
  });
});

test.each([
  ['broken off', (content: Buffer) => content.subarray(0, 100)],
  ['too long', (content: Buffer) => Buffer.concat([content, content])],
])('a file without hash and length that comes %s is not imported', async (_, sent) => {
  const server = await startHub((request, response) => {
    if (!request.url.includes('test-00000')) return serveBytes(request, response, FIRST);
    // Written before its end: without a content-length.
    response.writeHead(200).write(sent(Buffer.from(row(9).repeat(20))).subarray(0));
    response.end();
  });
  await expect(from(server, { split: 'test' })).rejects.toMatchObject({
    code: 'checksum',
    message: expect.stringContaining('not as long as the hub says'),
  });
  expect(listDatasets(workspace.paths)).toEqual([]);
});

test('what is no hub is said to be none', async () => {
  hub = await startServer((_, response) => void response.writeHead(200).end('{"hello": "world"}'));
  const at = (url: string) => importDataset(workspace.paths, 'hub:org/name', { hub: { env: { HF_ENDPOINT: url } } });
  await expect(at(hub.url)).rejects.toMatchObject({
    code: 'network',
    message: expect.stringMatching(/does not answer like the Hugging Face hub/),
  });
  await expect(at('my mirror')).rejects.toMatchObject({ code: 'usage', message: 'HF_ENDPOINT is no URL: my mirror' });
});

test('a name of the hub, with revision and folder', () => {
  expect(parseHubSource('hub:squad')).toEqual({ repo: 'squad', revision: 'main', path: '' });
  expect(parseHubSource('hub:org/name@refs/convert/parquet:plain/train')).toEqual({
    repo: 'org/name',
    revision: 'refs/convert/parquet',
    path: 'plain/train',
  });
});

const files = (...names: string[]) => names.map((name) => ({ path: name, size: 1 }));
test.each([
  [['train.json', 'dev.json', 'test.json'], {}, ['train.json']],
  [['train.json', 'dev.json', 'test.json'], { split: 'validation' }, ['dev.json']],
  [
    ['data/train-10.parquet', 'data/train-9.parquet', 'train.csv'],
    {},
    ['data/train-9.parquet', 'data/train-10.parquet'],
  ],
  [['rows.jsonl', 'dataset_info.json', '.gitattributes'], {}, ['rows.jsonl']],
  [['a/train.json', 'b/train.json'], { subset: 'b' }, ['b/train.json']],
  [['constraint.json'], {}, ['constraint.json']],
])('of %j with %j it takes %j', (names, wish, expected) => {
  expect(pickHubFiles('r', files(...names), { inside: '', ...wish }).map((file) => file.path)).toEqual(expected);
});

test('where it is open which files are meant, it asks', () => {
  const pick =
    (names: string[], wish = {}) =>
    () =>
      pickHubFiles('r', files(...names), { inside: '', ...wish });
  expect(pick(['a/train.json', 'b/train.json'])).toThrow(/several subsets: a, b/);
  expect(pick(['dev.json', 'test.json'])).toThrow(/has the splits validation, test/);
  expect(pick(['train.json'], { split: 'test' })).toThrow(/has no split test/);
  expect(pick(['model.bin'])).toThrow(/no JSON, JSON lines, CSV or Parquet file/);
});
