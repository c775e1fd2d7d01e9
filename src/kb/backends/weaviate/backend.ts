import { z } from 'zod';
import { RagtuiError } from '../../../platform/errors.ts';
import type { CollectionSpec, ConnectOptions, VectorBackend } from '../types.ts';
import { WeaviateConnection } from './client.ts';
import { dropClass, WeaviateCollection } from './collection.ts';

const NAME = /^ragtui_[0-9a-f]{16}$/;

/** Vectors in Weaviate: a class for each index. */
export function connectWeaviate(options: ConnectOptions): VectorBackend {
  const connection = new WeaviateConnection(options);
  return {
    check: () => describe(connection),
    open: (spec) => open(connection, spec),
    collections: () => names(connection),
    drop: (name) => dropClass(connection, name),
    close: async () => undefined,
  };
}

async function describe(connection: WeaviateConnection): Promise<string> {
  const { version } = await connection.call({ method: 'GET', path: 'meta', schema: z.object({ version: z.string() }) });
  const schema = z.object({ nodes: z.array(z.object({ status: z.string() })) });
  const { nodes } = await connection.call({ method: 'GET', path: 'nodes', schema });
  const up = nodes.filter(({ status }) => status === 'HEALTHY').length;
  const many = nodes.length === 1 ? '1 node' : `${nodes.length} nodes`;
  return `Weaviate ${version}, ${many}${up < nodes.length ? ` (${nodes.length - up} not healthy)` : ''}`;
}

async function open(
  connection: WeaviateConnection,
  spec: CollectionSpec,
): Promise<{ collection: WeaviateCollection; created: boolean }> {
  if (!NAME.test(spec.name)) throw new RagtuiError('internal', `"${spec.name}" cannot be a collection of ours.`);
  const collection = new WeaviateCollection(connection, spec);
  const dim = await collection.storedDim();
  if (dim !== undefined && dim !== spec.dim) {
    throw new RagtuiError('invalid', `${spec.name} holds vectors of ${dim} numbers, not of ${spec.dim}.`);
  }
  if (dim === undefined) await collection.create();
  return { collection, created: dim === undefined };
}

async function names(connection: WeaviateConnection): Promise<string[]> {
  const schema = z.object({ classes: z.array(z.object({ class: z.string() })).nullish() });
  const { classes } = await connection.call({ method: 'GET', path: 'schema', schema });
  const ours = (classes ?? []).filter(({ class: name }) => name.startsWith('R'));
  return ours
    .map(({ class: name }) => `r${name.slice(1)}`)
    .filter((name) => NAME.test(name))
    .sort();
}
