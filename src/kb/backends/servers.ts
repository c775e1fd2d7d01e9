import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { errnoOf, RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { writeJsonAtomic } from '../../platform/files.ts';
import { lockFile } from '../../platform/lock.ts';
import { type WorkspacePaths, workspacePaths } from '../../platform/paths.ts';
import { rememberSecret } from '../../platform/redact.ts';
import { type KeyPlace, readKey } from '../../platform/secrets.ts';
import { serverUrl } from './address.ts';
import { type VectorServer, vectorServerSchema } from './types.ts';

const fileSchema = z.object({ version: z.literal(1), servers: z.array(vectorServerSchema) });

const serversFile = (paths: Pick<WorkspacePaths, 'home'>): string => path.join(paths.home, 'vector-servers.json');

/** The vector databases of a workspace. Errors: `corrupt`. */
export function listServers(paths: Pick<WorkspacePaths, 'home'>): VectorServer[] {
  const file = serversFile(paths);
  try {
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).servers;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    if (errnoOf(error)) throw toRagtuiError(error);
    throw new RagtuiError(
      'corrupt',
      `${file} cannot be read as the list of vector databases.`,
      'Correct it, or delete it and add them again: ragtui kb server add.',
    );
  }
}

/** The server of a name. Errors: `not-found`. */
export function findServer(paths: Pick<WorkspacePaths, 'home'>, name: string): VectorServer {
  const all = listServers(paths);
  const found = all.find((server) => server.name === name);
  if (found) return found;
  const known = all.map((server) => server.name).join(', ');
  throw new RagtuiError(
    'not-found',
    `There is no vector database "${name}".`,
    known ? `Known: ${known}.` : 'Add one: ragtui kb server add NAME --url URL.',
  );
}

/** Adds a server; it is not contacted yet. Errors: `exists`, `usage`. */
export async function addServer(paths: WorkspacePaths, server: VectorServer): Promise<VectorServer> {
  const parsed = vectorServerSchema.safeParse(server);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new RagtuiError('usage', `The ${issue?.path.join('.') || 'server'} is not right: ${issue?.message}.`);
  }
  serverUrl(parsed.data);
  await change(paths, (servers) => {
    if (servers.some(({ name }) => name === server.name)) {
      const hint = `Choose another name, or run "ragtui kb server remove ${server.name}".`;
      throw new RagtuiError('exists', `There is a vector database "${server.name}" already.`, hint);
    }
    return [...servers, parsed.data];
  });
  return parsed.data;
}

/** Puts a server in place of the one of its name. Errors: `not-found`. */
export async function replaceServer(paths: WorkspacePaths, server: VectorServer): Promise<void> {
  findServer(paths, server.name);
  await change(paths, (servers) => servers.map((each) => (each.name === server.name ? server : each)));
}

/** Forgets a server. Errors: `not-found`. */
export async function removeServer(paths: WorkspacePaths, name: string): Promise<void> {
  findServer(paths, name);
  await change(paths, (servers) => servers.filter((server) => server.name !== name));
}

async function change(paths: WorkspacePaths, to: (servers: VectorServer[]) => VectorServer[]): Promise<void> {
  const unlock = await lockFile(`${serversFile(paths)}.lock`);
  try {
    writeJsonAtomic(serversFile(paths), { version: 1, servers: to(listServers(paths)) });
  } finally {
    unlock();
  }
}

/** Where the password of a server is kept: by scheme, user, host and port, so that no other host and user gets it. */
export function secretPlace(server: VectorServer, env: NodeJS.ProcessEnv): KeyPlace | undefined {
  if (!server.keyStore) return undefined;
  const { protocol, username, host } = serverUrl(server);
  const origin = `${protocol}//${username === '' ? '' : `${username}@`}${host}`;
  return { store: server.keyStore, configFile: workspacePaths(undefined, env).configFile, origin };
}

/** The password of a server, undefined when it needs none. Errors: `permission` when it is missing; those of `readKey`. */
export async function serverSecret(
  server: VectorServer,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const { name, keyEnv } = server;
  if (keyEnv) {
    const key = env[keyEnv];
    if (!key) {
      throw new RagtuiError(
        'permission',
        `The password of ${name} is not set: the environment has no ${keyEnv}.`,
        `Set ${keyEnv}; the service takes it over when it is started next.`,
      );
    }
    rememberSecret(key);
    return key;
  }
  const place = secretPlace(server, env);
  if (!place) return undefined;
  const key = await readKey(place);
  if (key !== undefined) return key;
  throw new RagtuiError(
    'permission',
    `No password of ${name} is kept for ${place.origin}.`,
    `Give it: ragtui kb server key ${name}.`,
  );
}
