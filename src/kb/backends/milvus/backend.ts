import { z } from 'zod';
import { RagtuiError } from '../../../platform/errors.ts';
import type { CollectionSpec, ConnectOptions, VectorBackend } from '../types.ts';
import { MilvusConnection } from './client.ts';
import { MilvusCollection } from './collection.ts';

const NAME = /^ragtui_[0-9a-f]{16}$/;

/** Vectors in Milvus: a collection for each index. */
export function connectMilvus(options: ConnectOptions): VectorBackend {
  const connection = new MilvusConnection(options);
  return {
    check: () => version(connection),
    open: (spec) => open(connection, spec),
    collections: () => names(connection),
    // Milvus says yes to one that is gone.
    drop: async (collection_name) => {
      await connection.call(z.unknown(), (client) => client.dropCollection({ collection_name }));
    },
    close: () => connection.close(),
  };
}

async function version(connection: MilvusConnection): Promise<string> {
  const schema = z.object({ version: z.string() });
  const { version: text } = await connection.call(schema, (client) => client.getVersion());
  // Who may ask for the version may not be let in: names are asked for too.
  await names(connection);
  return `Milvus ${text.replace(/^v(?=\d)/, '')}`;
}

async function open(
  connection: MilvusConnection,
  spec: CollectionSpec,
): Promise<{ collection: MilvusCollection; created: boolean }> {
  if (!NAME.test(spec.name)) throw new RagtuiError('internal', `"${spec.name}" cannot be a collection of ours.`);
  const collection = new MilvusCollection(connection, spec);
  const dim = await collection.storedDim();
  if (dim !== undefined && dim !== spec.dim) {
    throw new RagtuiError('invalid', `${spec.name} holds vectors of ${dim} numbers, not of ${spec.dim}.`);
  }
  if (dim === undefined) await collection.create();
  await collection.load();
  return { collection, created: dim === undefined };
}

async function names(connection: MilvusConnection): Promise<string[]> {
  const schema = z.object({ collection_names: z.array(z.string()) });
  const { collection_names: found } = await connection.call(schema, (client) => client.showCollections());
  return found.filter((name) => NAME.test(name)).sort();
}
