import { rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectBackend } from '../../src/kb/backends/registry.ts';
import type { VectorRecord } from '../../src/kb/backends/types.ts';
import { toRagtuiError } from '../../src/platform/errors.ts';
import { useNetwork } from '../../src/platform/network.ts';
import { selfSigned } from '../support/certificates.ts';
import { fakeVector } from '../support/kb-service.ts';
import { freePort } from '../support/sshd.ts';
import { vectorBackendContract } from '../support/vector-backend-contract.ts';
import { startWeaviate, type WeaviateCluster, whyNoWeaviate } from '../support/weaviate.ts';

const skip = whyNoWeaviate();
const says = skip ? ` (skipped: ${skip})` : '';
/** The first start builds the server: minutes of both cores. */
const BUILD_MS = 45 * 60_000;

const DIM = 24;
const spec = { name: 'ragtui_00c0ffee00000003', dim: DIM, about: 'tests' };
const recordOf = (slot: number): VectorRecord => ({ slot, vector: fakeVector('weaviate', `text ${slot}`, DIM) });
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => recordOf(from + at));
const connect = ({ server, key }: WeaviateCluster, url = server.url, secret: string | undefined = key) =>
  connectBackend({ server: { ...server, url }, secret, ca: undefined });

describe.skipIf(skip !== undefined)(`one node of Weaviate${says}`, () => {
  let node: WeaviateCluster;
  beforeAll(() => {
    node = startWeaviate(28_100, 1);
  }, BUILD_MS);
  afterAll(() => node?.remove());

  vectorBackendContract('Weaviate', { skip, connect: () => connect(node) });

  it('loses nothing that was acknowledged when it is killed while it is filled', async () => {
    const backend = await connect(node);
    const { collection } = await backend.open(spec);
    await collection.upsert(range(1, 400));
    await collection.flush(5);
    await collection.upsert(range(400, 600));
    node.kill(0);
    await expect(collection.upsert(range(600, 610))).rejects.toMatchObject({ code: 'unavailable' });
    node.start();
    expect(await collection.stats()).toMatchObject({ count: 599, mark: 5 });
    await collection.upsert(range(590, 700));
    await collection.flush(6);
    expect(await collection.stats()).toMatchObject({ count: 699, mark: 6 });
    expect(await collection.fetch([1, 599, 650])).toEqual([1, 599, 650].map(recordOf));
    expect((await collection.search({ vector: recordOf(599).vector, k: 1 }))[0]?.slot).toBe(599);
    await backend.drop(spec.name);
  });

  it('does not take a class for ours that Weaviate made of a late write', async () => {
    const body = { objects: [{ class: 'Ragtui_00c0ffee00000003', vector: [...recordOf(1).vector] }] };
    const headers = { authorization: `Bearer ${node.key}`, 'content-type': 'application/json' };
    const url = `http://127.0.0.1:${node.port}/v1/batch/objects`;
    expect((await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status).toBe(200);
    const backend = await connect(node);
    const { collection, created } = await backend.open(spec);
    expect(created).toBe(true);
    expect((await collection.stats()).count).toBe(0);
    await backend.drop(spec.name);
  });

  it.each([['wrong'], [undefined]])('keeps out who has another key (%s)', async (secret) => {
    const backend = await connectBackend({ server: node.server, secret, ca: undefined });
    await expect(backend.check()).rejects.toMatchObject({
      code: 'permission',
      message: expect.stringMatching(/refused the key/),
    });
    await expect(backend.open(spec)).rejects.toMatchObject({ code: 'permission' });
  });

  it('is not there where no server is', async () => {
    const backend = await connect(node, `weaviate://127.0.0.1:${await freePort()}`);
    await expect(backend.check()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe.skipIf(skip !== undefined)(`Weaviate behind TLS${says}`, () => {
  const certificate = selfSigned();
  const caFile = path.join(os.tmpdir(), `ragtui-ca-${process.pid}.pem`);
  let node: WeaviateCluster;
  beforeAll(() => {
    writeFileSync(caFile, certificate.cert);
    node = startWeaviate(28_200, 1, { certificate });
  }, BUILD_MS);
  afterAll(() => {
    node?.remove();
    rmSync(caFile, { force: true });
    useNetwork(undefined);
  });

  it('is trusted with network.ca_file, and not without', async () => {
    useNetwork({ env: {}, caFile });
    const trusting = await connect(node);
    expect(await trusting.check()).toBe('Weaviate 1.35.2, 1 node');
    useNetwork({ env: {}, caFile: undefined });
    const backend = await connect(node);
    await expect(backend.check()).rejects.toMatchObject({
      code: 'permission',
      message: expect.stringMatching(/certificate/),
    });
  });
});

/**
 * As whoever fills a server does it: again, until it is acknowledged. The next node answers; only until the cluster knows
 * of its loss it may not.
 */
async function patiently(write: () => Promise<void>, tries = 5): Promise<void> {
  try {
    await write();
  } catch (error) {
    const { code } = toRagtuiError(error);
    if (tries === 1 || (code !== 'unavailable' && code !== 'timeout')) throw error;
    await patiently(write, tries - 1);
  }
}

describe.skipIf(skip !== undefined)(`three nodes of Weaviate, each vector on all of them${says}`, () => {
  let cluster: WeaviateCluster;
  beforeAll(() => {
    cluster = startWeaviate(28_300, 3, { asyncIndexing: true });
  }, BUILD_MS);
  afterAll(() => cluster?.remove());

  vectorBackendContract('a cluster of Weaviate', { skip, connect: () => connect(cluster) });

  it('loses no acknowledged vector when the node that is talked to is killed, and makes it whole when it is back', async () => {
    const all = range(1, 3001);
    const backend = await connect(cluster);
    const { collection } = await backend.open(spec);
    for (let from = 0; from < all.length; from += 100) {
      if (from === 1000) cluster.kill(0);
      await patiently(() => collection.upsert(all.slice(from, from + 100)));
    }
    await patiently(() => collection.flush(9));
    const assertWhole = async (checked: typeof collection) => {
      expect(await checked.stats()).toMatchObject({ count: all.length, mark: 9 });
      const found = await checked.fetch(all.map(({ slot }) => slot));
      expect(found.sort((a, b) => a.slot - b.slot)).toEqual(all);
    };
    await assertWhole(collection);
    expect((await collection.search({ vector: recordOf(2500).vector, k: 1 }))[0]?.slot).toBe(2500);

    cluster.start();
    // Asked alone, it answers from its own copies first.
    const returned = await connect(cluster, `weaviate://127.0.0.1:${cluster.port}`);
    const own = (await returned.open(spec)).collection;
    await expect.poll(async () => (await own.stats()).count, { timeout: 90_000, interval: 500 }).toBe(all.length);
    await assertWhole(own);
    // What came to it late is indexed behind its queue.
    const nearest = async () => (await own.search({ vector: recordOf(2500).vector, k: 1 }))[0]?.slot;
    await expect.poll(nearest, { timeout: 60_000, interval: 500 }).toBe(2500);
    await backend.drop(spec.name);
  }, 300_000);

  it('takes nothing when most copies are away, says so, and goes on when they are back', async () => {
    const backend = await connect(cluster);
    const { collection } = await backend.open({ ...spec, name: 'ragtui_00c0ffee00000005' });
    await collection.upsert(range(1, 50));
    cluster.kill(1);
    cluster.kill(2);
    // As long as the node that is left does not know that it is alone, it keeps us waiting.
    await expect(collection.upsert(range(50, 60))).rejects.toMatchObject({
      code: expect.stringMatching(/^(unavailable|timeout)$/),
    });
    cluster.start();
    await collection.upsert(range(50, 60));
    await collection.flush(1);
    expect((await collection.stats()).count).toBe(59);
    await backend.drop('ragtui_00c0ffee00000005');
  });
});
