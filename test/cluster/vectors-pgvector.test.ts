import { afterAll, beforeAll } from 'vitest';
import { connectBackend } from '../../src/kb/backends/registry.ts';
import { type PgServer, startPgvector, whyNoPgvector } from '../support/pgvector.ts';
import { vectorBackendContract } from '../support/vector-backend-contract.ts';

const skip = whyNoPgvector();
let postgres: PgServer;

beforeAll(async () => {
  if (skip === undefined) postgres = await startPgvector();
}, 120_000);
afterAll(() => postgres?.remove());

vectorBackendContract('pgvector', {
  skip,
  connect: () => connectBackend({ server: postgres.server, secret: postgres.password, ca: undefined }),
});
