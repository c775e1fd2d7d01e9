import { keyState } from '../../models/endpoint-open.ts';
import { listEndpoints } from '../../models/store.ts';
import { keysFile, readableByOthers } from '../../platform/secrets.ts';
import type { Check } from '../types.ts';

/** Whether the keys of the endpoints are there; never a key. */
export const keys: Check = {
  id: 'keys',
  name: 'keys',
  run: async ({ paths, env }) => {
    if (readableByOthers(paths.configFile)) {
      const file = keysFile(paths.configFile);
      return { state: 'fail', detail: `${file} can be read by others`, get: `chmod 600 ${file}` };
    }
    const wanted = listEndpoints(paths).filter(({ keyEnv, keyStore }) => keyEnv || keyStore);
    if (wanted.length === 0) return { state: 'ok', detail: 'no endpoint needs one' };
    const states = await Promise.all(
      wanted.map(async (endpoint) => ({ ...endpoint, state: await keyState(endpoint, env) })),
    );
    const shown = states.map(({ name, keyEnv, keyStore, state }) => {
      const from = keyEnv ? `env:${keyEnv}` : keyStore;
      return `${name} ${state === 'set' ? 'set' : state.toUpperCase()} (${from})`;
    });
    const missing = states.find(({ state }) => state !== 'set');
    if (!missing) return { state: 'ok', detail: shown.join(', ') };
    const get = missing.keyEnv ? `export ${missing.keyEnv}=…` : `ragtui models key ${missing.name}`;
    return { state: 'warn', detail: shown.join(', '), get };
  },
};
