import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { forgetKey } from '../platform/secrets.ts';
import { keyPlace } from './endpoint-open.ts';
import { endpointServers, shownUrl } from './endpoint-url.ts';
import { checkName } from './own.ts';
import { presetOfUrl } from './presets.ts';
import { listEndpoints, removeModel, updateOwnModels } from './store.ts';
import { type Endpoint, endpointSchema } from './types.ts';

/** Adds an OpenAI-compatible server (`models add NAME --url`). It is not contacted yet. Errors: `exists`, `usage`. */
export async function addEndpoint(paths: WorkspacePaths, endpoint: Endpoint): Promise<Endpoint> {
  checkName(paths, endpoint.name);
  const checked = checkedEndpoint(endpoint);
  await updateOwnModels(paths, (own) => {
    checkName(paths, checked.name);
    return { ...own, endpoints: [...own.endpoints, checked] };
  });
  return checked;
}

/** Changes an endpoint; its name stays. Errors: `not-found`, `usage`. */
export async function changeEndpoint(
  paths: WorkspacePaths,
  name: string,
  change: (endpoint: Endpoint) => Endpoint,
): Promise<Endpoint> {
  let changed = findEndpoint(paths, name);
  await updateOwnModels(paths, (own) => ({
    ...own,
    endpoints: own.endpoints.map((endpoint) => {
      if (endpoint.name !== name) return endpoint;
      changed = checkedEndpoint({ ...change(endpoint), name });
      return changed;
    }),
  }));
  return changed;
}

/** The endpoint of a name. Errors: `not-found`. */
export function findEndpoint(paths: WorkspacePaths, name: string): Endpoint {
  const all = listEndpoints(paths);
  const found = all.find((endpoint) => endpoint.name === name);
  if (found) return found;
  const known = all.map((endpoint) => endpoint.name).join(', ');
  throw new RagtuiError(
    'not-found',
    `There is no endpoint "${name}".`,
    known ? `Known: ${known}.` : 'Add one: `ragtui models add NAME --url URL --model M`.',
  );
}

/** What may be kept of an endpoint: URLs of servers, without a key in them. Errors: `usage`. */
export function checkedEndpoint(endpoint: Endpoint): Endpoint {
  for (const url of [endpoint.url, ...(endpoint.alsoAt ?? [])]) checkUrl(url);
  checkPool(endpoint);
  const parsed = endpointSchema.safeParse(endpoint);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.map(String).join('.') ?? '';
    throw new RagtuiError('usage', `${where || 'The endpoint'} is not right: ${issue?.message}.`);
  }
  // Whoever writes the address of a provider by hand wants its dialect too.
  const preset = parsed.data.preset ?? presetOfUrl(parsed.data.url)?.id;
  return { ...parsed.data, ...(preset === undefined ? {} : { preset }) };
}

function checkUrl(url: string): void {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new RagtuiError('usage', `"${url}" is not the URL of a server.`, 'Give one like http://127.0.0.1:8000/v1.');
  }
  if (!holdsKey(new URL(url))) return;
  throw new RagtuiError(
    'usage',
    'A key does not belong in the URL.',
    'Put it into an environment variable and name that with --key-env, or give it with --key-store file.',
  );
}

/** Several servers answer as one only where it makes no difference which of them does. */
function checkPool({ url, alsoAt = [] }: Endpoint): void {
  if (alsoAt.length === 0) return;
  const shown = [url, ...alsoAt].map((one) => shownUrl({ url: one }));
  const twice = shown.find((one, at) => shown.indexOf(one) !== at);
  if (twice) throw new RagtuiError('usage', `${twice} is there twice.`, 'Name each server once.');
}

const KEY_PARAMETER = /^(api[-_]?key|key|token|access[-_]?token|secret|password)$/i;
const holdsKey = (url: URL): boolean =>
  url.password !== '' || [...url.searchParams.keys()].some((name) => KEY_PARAMETER.test(name));

/**
 * Removes a model, an adapter or an endpoint; the stored key of an endpoint goes with it when no other one uses it.
 * Errors: those of `removeModel`; a key that cannot be forgotten is told by `false`.
 */
export async function removeWithKey(
  paths: WorkspacePaths,
  id: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<{ readonly keyForgotten: boolean | null }> {
  const endpoint = listEndpoints(paths).find(({ name }) => name === id);
  await removeModel(paths, id, signal);
  const placesOf = (one: Endpoint) => endpointServers(one).flatMap((server) => keyPlace(server, env) ?? []);
  const used = listEndpoints(paths).flatMap(placesOf);
  const free = (endpoint ? placesOf(endpoint) : []).filter(
    ({ store, origin }) => !used.some((other) => other.store === store && other.origin === origin),
  );
  if (free.length === 0) return { keyForgotten: null };
  try {
    const forgotten = await Promise.all(free.map((place) => forgetKey(place)));
    return { keyForgotten: forgotten.every(Boolean) };
  } catch {
    return { keyForgotten: false };
  }
}
