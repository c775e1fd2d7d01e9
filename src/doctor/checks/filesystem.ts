import type { Check } from '../types.ts';

/** `statfs` types of file systems on which SQLite's locks cannot be trusted. */
const NETWORK = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x517b, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x0bd00bd0, 'Lustre'],
  [0x00c36400, 'CephFS'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
]);

export const filesystem: Check = {
  id: 'filesystem',
  name: 'file system',
  run: (probe) => {
    const { home } = probe.paths;
    const name = NETWORK.get(probe.fileSystem(home).type);
    if (!name) return { state: 'ok', detail: `${home} is on a local disk` };
    return {
      state: 'fail',
      detail: `${home} is on ${name}, where database locks cannot be trusted`,
      get: 'set RAGTUI_HOME to a folder of a local disk',
    };
  },
};
