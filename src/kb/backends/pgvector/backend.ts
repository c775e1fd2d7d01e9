import pg from 'pg';
import { z } from 'zod';
import { RagtuiError } from '../../../platform/errors.ts';
import { serverUrl, usesTls } from '../address.ts';
import type { CollectionSpec, ConnectOptions, VectorBackend } from '../types.ts';
import { PgCollection } from './collection.ts';
import { toPgError } from './faults.ts';

/** Iterative scans of an HNSW index, without which a filter may leave fewer than are there, came with it. */
const OLDEST = [0, 8] as const;
const CONNECT_MS = 5_000;
const CONNECTIONS = 4;
/** Of a statement that no caller gives more time. */
const STATEMENT_MS = 60_000;

/** Of a table of ours: `ragtui_` and hexadecimal digits, so that it can stand in a statement as it is. */
const NAME = /^ragtui_[0-9a-f]{16}$/;

/** Vectors in PostgreSQL with the pgvector extension: a table for each index. */
export function connectPgvector({ server, secret, ca }: ConnectOptions): VectorBackend {
  const url = serverUrl(server);
  const at = `PostgreSQL at ${url.host}`;
  const pool = new pg.Pool({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    database: decodeURIComponent(url.pathname.slice(1)),
    ...(secret === undefined ? {} : { password: secret }),
    ssl: usesTls(server) ? { rejectUnauthorized: true, ...(ca ? { ca: [...ca] } : {}) } : false,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: STATEMENT_MS,
    keepAlive: true,
    application_name: 'ragtui',
    allowExitOnIdle: true,
  });
  // A server that went away while nobody asked: the next call says so.
  pool.on('error', () => undefined);
  const database = { pool, at };
  return {
    check: () => guarded(at, () => versions(database)),
    open: (spec) => guarded(at, () => open(database, spec)),
    collections: () => guarded(at, () => tablesOf(database)),
    drop: (name) => guarded(at, () => drop(database, name)),
    close: () => pool.end(),
  };
}

export interface PgDatabase {
  readonly pool: pg.Pool;
  /** The server's name in messages. */
  readonly at: string;
}

/** Runs a call; what it throws is told in our words. */
export async function guarded<T>(at: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toPgError(error, at);
  }
}

const versionRow = z.object({ server: z.string(), vector: z.string().nullable() });

async function versions(database: PgDatabase): Promise<string> {
  const { server, vector } = await versionsOf(database);
  if (vector !== null) assertRecent(database, vector);
  return `PostgreSQL ${server}, ${vector === null ? 'pgvector is not enabled yet' : `pgvector ${vector}`}`;
}

async function versionsOf({ pool }: PgDatabase): Promise<z.output<typeof versionRow>> {
  const { rows } = await pool.query(
    `SELECT split_part(current_setting('server_version'), ' ', 1) AS server,
       (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS vector`,
  );
  return versionRow.parse(rows[0]);
}

function assertRecent({ at }: PgDatabase, version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new RagtuiError(
    'unsupported',
    `${at} has pgvector ${version}; ${OLDEST.join('.')} or later is needed.`,
    'Install a newer one there, then run: ALTER EXTENSION vector UPDATE.',
  );
}

async function open(
  database: PgDatabase,
  spec: CollectionSpec,
): Promise<{ collection: PgCollection; created: boolean }> {
  assertOurs(spec.name);
  await enableExtension(database);
  const collection = new PgCollection(database, spec);
  const dim = await collection.storedDim();
  if (dim !== undefined && dim !== spec.dim) {
    throw new RagtuiError('invalid', `${spec.name} holds vectors of ${dim} numbers, not of ${spec.dim}.`);
  }
  if (dim === undefined) await collection.create();
  return { collection, created: dim === undefined };
}

async function drop({ pool }: PgDatabase, name: string): Promise<void> {
  assertOurs(name);
  await pool.query(`DROP TABLE IF EXISTS ${name}`);
}

function assertOurs(name: string): void {
  if (!NAME.test(name)) throw new RagtuiError('internal', `"${name}" cannot be a table of ours.`);
}

async function enableExtension(database: PgDatabase): Promise<void> {
  const { vector } = await versionsOf(database);
  if (vector !== null) return assertRecent(database, vector);
  try {
    await database.pool.query('CREATE EXTENSION IF NOT EXISTS vector');
  } catch (error) {
    const known = toPgError(error, database.at);
    if (known.code === 'unavailable' || known.code === 'timeout') throw known;
    throw new RagtuiError(
      'unsupported',
      `${database.at} has no pgvector for us (${known.message})`,
      'Install the extension on the server, and let its administrator run: CREATE EXTENSION vector.',
      { cause: error },
    );
  }
  const { vector: enabled } = await versionsOf(database);
  assertRecent(database, enabled ?? '');
}

const tableRow = z.object({ name: z.string() });

async function tablesOf({ pool }: PgDatabase): Promise<string[]> {
  const { rows } = await pool.query(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relkind = 'r' AND c.relname ~ '^ragtui_[0-9a-f]{16}$'
       AND pg_table_is_visible(c.oid) ORDER BY 1`,
  );
  return z
    .array(tableRow)
    .parse(rows)
    .map(({ name }) => name);
}
