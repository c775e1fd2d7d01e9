import type { Check } from '../types.ts';

const OLDEST = [20, 20] as const;

export const node: Check = {
  id: 'node',
  name: 'Node',
  run: (probe) => {
    const [major = 0, minor = 0] = probe.node.split('.').map(Number);
    const old = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
    if (!old) return { state: 'ok', detail: `v${probe.node}` };
    return {
      state: 'fail',
      detail: `v${probe.node} is too old`,
      get: `install Node ${OLDEST.join('.')} or newer (https://nodejs.org, or a version manager)`,
    };
  },
};
