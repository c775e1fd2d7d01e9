import { checkEndpoint, listServerModels, tryEndpoint } from '../src/models/endpoint-check.ts';
import { addEndpoint, changeEndpoint, checkedEndpoint, removeWithKey } from '../src/models/endpoint-entries.ts';
import { endpointKey, keyPlace, keyState, openEndpoint, withKey } from '../src/models/endpoint-open.ts';
import { checkName } from '../src/models/own.ts';
import type { Endpoint } from '../src/models/types.ts';
import { toRagtuiError } from '../src/platform/errors.ts';
import type { WorkspacePaths } from '../src/platform/paths.ts';
import { storeKey } from '../src/platform/secrets.ts';
import type { ServersPort } from './endpoints.ts';

/** The servers of the world: they are asked from this process, which only waits for them. */
export function realServers(paths: WorkspacePaths, env: NodeJS.ProcessEnv = process.env): ServersPort {
  const opened = async (endpoint: Endpoint, key: string | undefined) =>
    withKey(checkedEndpoint(endpoint), key ?? (await endpointKey(endpoint, env)));
  return {
    keyState: (endpoint) => keyState(endpoint, env),
    hasVariable: (name) => Boolean(env[name]),
    // A model is not chosen yet: a list needs none.
    models: async (endpoint, key, signal) =>
      listServerModels(await opened({ ...endpoint, model: endpoint.model || '?' }, key), signal),
    check: async (endpoint, signal) => {
      try {
        return await checkEndpoint(await openEndpoint(endpoint, env), signal);
      } catch (thrown) {
        return { state: 'failed', latencyMs: null, models: [], error: toRagtuiError(thrown) };
      }
    },
    try: async (endpoint, key, options) => tryEndpoint(await opened(endpoint, key), endpoint.kind, options),
    save: async (endpoint, key, isNew) => {
      const checked = checkedEndpoint(endpoint);
      if (isNew) checkName(paths, checked.name);
      const place = keyPlace(checked, env);
      if (place && key !== undefined) await storeKey(place, key);
      if (isNew) await addEndpoint(paths, checked);
      else await changeEndpoint(paths, checked.name, () => checked);
    },
    remove: async (name) => {
      await removeWithKey(paths, name, env);
    },
  };
}
