import { RagtuiError } from '../platform/errors.ts';
import { workspacePaths } from '../platform/paths.ts';
import { rememberSecret } from '../platform/redact.ts';
import { type KeyPlace, readKey } from '../platform/secrets.ts';
import { type ChatEndpoint, endpointServers } from './endpoint-url.ts';
import { dialectOf, findPreset } from './presets.ts';
import type { Endpoint } from './types.ts';

const RETRIES = 4;

/** What an endpoint's key is found by. */
export type KeySource = Pick<Endpoint, 'name' | 'url' | 'keyEnv' | 'keyStore'>;

/** `unreadable`: the file of keys is open to others, or no keyring answers. */
export type KeyState = 'none' | 'set' | 'missing' | 'unreadable';

/** Where the key of an endpoint is stored: by the origin of its URL, so that another host does not get it. */
export function keyPlace(
  { url, keyStore }: Pick<Endpoint, 'url' | 'keyStore'>,
  env: NodeJS.ProcessEnv,
): KeyPlace | undefined {
  if (!keyStore) return undefined;
  return { store: keyStore, configFile: workspacePaths(undefined, env).configFile, origin: new URL(url).origin };
}

/** The key of an endpoint, undefined when it needs none. Errors: `permission` when it is missing; those of `readKey`. */
export async function endpointKey(
  endpoint: KeySource,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  if (endpoint.keyEnv) {
    const key = env[endpoint.keyEnv];
    if (!key) {
      throw new RagtuiError(
        'permission',
        `The key of ${endpoint.name} is not set: the environment has no ${endpoint.keyEnv}.`,
        `Set ${endpoint.keyEnv} and start ragtui again.`,
      );
    }
    rememberSecret(key);
    return key;
  }
  const place = keyPlace(endpoint, env);
  if (!place) return undefined;
  const key = await readKey(place);
  if (key !== undefined) return key;
  throw new RagtuiError(
    'permission',
    `No key of ${endpoint.name} is kept for ${place.origin}.`,
    `Give it: \`ragtui models key ${endpoint.name}\`. A key kept for another host is not sent there.`,
  );
}

/** Whether the key of an endpoint is there; never the key. */
export async function keyState(endpoint: KeySource, env: NodeJS.ProcessEnv = process.env): Promise<KeyState> {
  if (endpoint.keyEnv) return env[endpoint.keyEnv] ? 'set' : 'missing';
  const place = keyPlace(endpoint, env);
  if (!place) return 'none';
  try {
    return (await readKey(place)) === undefined ? 'missing' : 'set';
  } catch {
    return 'unreadable';
  }
}

/** An endpoint of the user's, ready to be asked. Errors: those of `endpointKey`. */
export async function openEndpoint(endpoint: Endpoint, env: NodeJS.ProcessEnv = process.env): Promise<ChatEndpoint> {
  const servers = endpointServers(endpoint);
  const members = await Promise.all(
    servers.map(async (server) => ({ url: server.url, key: await endpointKey(server, env) })),
  );
  const opened = withKey(endpoint, members[0]?.key);
  return members.length > 1 ? { ...opened, pool: { members } } : opened;
}

/** `openEndpoint` with a key at hand (one just typed); undefined = none. */
export function withKey(endpoint: Endpoint, key: string | undefined): ChatEndpoint {
  const { name, url, model, limits, prices, timeouts, preset } = endpoint;
  return {
    name,
    url,
    model,
    key,
    retries: RETRIES,
    dialect: dialectOf(endpoint),
    keyHint: keyHint(endpoint),
    ...(findPreset(preset)?.tokenize === false ? { tokenize: false } : {}),
    ...(limits ? { limits } : {}),
    ...(prices ? { prices } : {}),
    ...(timeouts ? { timeouts } : {}),
  };
}

function keyHint({ name, keyEnv, keyStore }: KeySource): string {
  if (keyEnv) return `Check the key in ${keyEnv}.`;
  return keyStore
    ? `Give it again: \`ragtui models key ${name}\`.`
    : `Give it one: \`ragtui models set ${name} --key-env VARIABLE\`.`;
}
