import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectBackend } from '../../src/kb/backends/registry.ts';
import type { VectorServer } from '../../src/kb/backends/types.ts';
import { selfSigned } from '../support/certificates.ts';
import { type GrpcGateway, startGrpcGateway } from '../support/grpc-gateway.ts';
import { fakeVector } from '../support/kb-service.ts';
import { type MilvusServer, startMilvus, whyNoMilvus } from '../support/milvus.ts';
import { freePort } from '../support/sshd.ts';
import { vectorBackendContract } from '../support/vector-backend-contract.ts';

const skip = whyNoMilvus();
let milvus: MilvusServer;

// The first start makes the environment of the server.
beforeAll(async () => {
  if (skip === undefined) milvus = await startMilvus();
}, 300_000);
afterAll(() => milvus?.remove());

const connect = (server: Partial<VectorServer> = {}, secret?: string, ca?: string) =>
  connectBackend({ server: { ...milvus.server, ...server }, secret, ca: ca === undefined ? undefined : [ca] });

vectorBackendContract('Milvus', { skip, connect });

describe.skipIf(skip !== undefined)(`Milvus beside the contract${skip ? ` (skipped: ${skip})` : ''}`, () => {
  const spec = { name: 'ragtui_00c0ffee00000003', dim: 16, about: 'tests' };
  const recordOf = (slot: number) => ({ slot, vector: fakeVector('restart', `text ${slot}`, spec.dim) });
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => recordOf(from + at));

  it.each(['strong', 'bounded', 'eventually'])('searches with the consistency asked for (%s)', async (level) => {
    const backend = await connect({ url: `${milvus.server.url}?consistency=${level}` });
    const { collection } = await backend.open({ ...spec, name: 'ragtui_00c0ffee00000004' });
    await collection.upsert(range(1, 20));
    await collection.flush(1);
    expect((await collection.search({ vector: recordOf(7).vector, k: 1 }))[0]?.slot).toBe(7);
    await backend.drop('ragtui_00c0ffee00000004');
    await backend.close();
  });

  it('loses nothing that was acknowledged when the server is killed while it is filled', async () => {
    const backend = await connect();
    const { collection } = await backend.open(spec);
    await collection.upsert(range(1, 400));
    await collection.flush(5);
    await collection.upsert(range(400, 600));
    milvus.stop('kill');
    await expect(collection.upsert(range(600, 610))).rejects.toMatchObject({ code: 'unavailable' });
    milvus.start();
    // The same connection: nothing has to be declared or opened again.
    await expect
      .poll(() => collection.stats().catch((error: unknown) => error), { timeout: 30_000 })
      .toMatchObject({
        count: 599,
        mark: 5,
      });
    await collection.upsert(range(590, 700));
    await collection.flush(6);
    expect(await collection.stats()).toMatchObject({ count: 699, mark: 6 });
    expect(await collection.fetch([1, 599, 650])).toEqual([1, 599, 650].map(recordOf));
    expect((await collection.search({ vector: recordOf(599).vector, k: 1 }))[0]?.slot).toBe(599);
    await backend.drop(spec.name);
    await backend.close();
  });

  it('says that nobody answers where no server is', async () => {
    const backend = await connect({ url: `milvus://127.0.0.1:${await freePort()}` });
    await expect(backend.check()).rejects.toMatchObject({ code: 'unavailable' });
    await backend.close();
  });

  describe('behind TLS and a password', () => {
    const certificate = selfSigned();
    let gateway: GrpcGateway;
    beforeAll(async () => {
      const authorization = Buffer.from('ann:secret').toString('base64');
      gateway = await startGrpcGateway(milvus.port, certificate, authorization);
    });
    afterAll(() => gateway?.close());
    const behind = (secret: string | undefined, ca?: string) =>
      connect({ url: `milvus://ann@127.0.0.1:${gateway.port}`, tls: true }, secret, ca);

    it('is let in with both, and works as ever', async () => {
      const backend = await behind('secret', certificate.cert);
      expect(await backend.check()).toMatch(/^Milvus .*3\.2\.2/);
      const { collection } = await backend.open(spec);
      await collection.upsert(range(1, 50));
      await collection.flush(1);
      expect((await collection.search({ vector: recordOf(3).vector, k: 2 }))[0]?.slot).toBe(3);
      await backend.drop(spec.name);
      await backend.close();
    });

    it.each([
      ['a wrong password', 'wrong', certificate.cert, 'permission', /refused the user/],
      ['no password', undefined, certificate.cert, 'permission', /refused the user/],
      ['a certificate that nobody vouches for', 'secret', undefined, 'permission', /certificate/],
    ])('is kept out with %s', async (_, secret, ca, code, message) => {
      const backend = await behind(secret, ca);
      await expect(backend.check()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
      await backend.close();
    });
  });
});
