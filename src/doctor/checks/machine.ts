import type { Check } from '../types.ts';

export const machine: Check = {
  id: 'machine',
  name: 'machine',
  run: ({ platform, arch, cores }) => ({
    state: platform === 'linux' ? 'ok' : 'warn',
    detail: `${platform} ${arch}, ${cores} cores${platform === 'linux' ? '' : ': only Linux is tested'}`,
  }),
};
