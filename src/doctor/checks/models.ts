import { listModels } from '../../models/store.ts';
import type { Check } from '../types.ts';

export const models: Check = {
  id: 'models',
  name: 'models',
  run: (probe) => {
    const all = listModels(probe.paths);
    const damaged = all.filter(({ state }) => state === 'damaged').map(({ entry }) => entry.id);
    if (damaged.length > 0) {
      const get = `ragtui models remove ${damaged[0]}, then ragtui models pull ${damaged[0]}`;
      return { state: 'fail', detail: `${damaged.join(', ')} damaged`, get };
    }
    const here = all.filter(({ state }) => state === 'present').map(({ entry }) => entry.id);
    return { state: 'ok', detail: here.length > 0 ? here.join(', ') : 'none yet: ragtui models pull' };
  },
};
