import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterEach, expect, it, vi } from 'vitest';
import { MilvusConnection } from '../../../src/kb/backends/milvus/client.ts';
import { MilvusCollection } from '../../../src/kb/backends/milvus/collection.ts';

afterEach(() => vi.restoreAllMocks());

const deadline = Object.assign(new Error('4 DEADLINE_EXCEEDED: Deadline exceeded'), { code: 4 });

it('a question with a narrow filter waits for a Milvus that hangs no longer than one without a filter', async () => {
  const limits: (number | undefined)[] = [];
  const hang = async ({ timeout }: { timeout?: number }) => {
    limits.push(timeout);
    throw deadline;
  };
  vi.spyOn(MilvusClient.prototype, 'search').mockImplementation(hang);
  vi.spyOn(MilvusClient.prototype, 'query').mockImplementation(hang);
  const server = { name: 'm', kind: 'milvus', url: 'milvus://127.0.0.1:1' } as const;
  const connection = new MilvusConnection({ server, secret: undefined, ca: undefined });
  const collection = new MilvusCollection(connection, { name: 'c', dim: 2, about: '' });
  const query = { vector: Float32Array.of(1, 0), k: 10 };
  await expect(collection.search(query)).rejects.toMatchObject({ code: 'timeout' });
  await expect(collection.search({ ...query, among: [1, 2, 3] })).rejects.toMatchObject({ code: 'timeout' });
  expect(limits).toEqual([5000, 5000]);
  await connection.close();
});
