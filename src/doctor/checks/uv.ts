import { ownUv } from '../../engines/uv.ts';
import type { Check } from '../types.ts';

export const uv: Check = {
  id: 'uv',
  name: 'uv',
  run: (probe) => {
    const found = probe.find('uv') ?? (probe.exists(ownUv(probe.paths)) ? ownUv(probe.paths) : undefined);
    return { state: 'ok', detail: found ?? 'none yet: the first ragtui engines install gets one for itself, by pip' };
  },
};
