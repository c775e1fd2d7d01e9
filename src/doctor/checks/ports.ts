import type { Check } from '../types.ts';

/** Servers of ours take any free port of 127.0.0.1. */
export const ports: Check = {
  id: 'ports',
  name: 'ports',
  run: async (probe) => {
    const reason = await probe.listen();
    if (reason) {
      return {
        state: 'fail',
        detail: `no port of 127.0.0.1 can be opened: ${reason}`,
        get: 'sudo ip link set lo up, or allow sockets in this container',
      };
    }
    const address = await probe.resolve('localhost');
    if (address === '127.0.0.1' || address === '::1')
      return { state: 'ok', detail: 'a port of 127.0.0.1 can be opened' };
    return {
      state: 'warn',
      detail: `localhost ${address ? `is ${address}` : 'has no address'} here`,
      get: 'add the line "127.0.0.1 localhost" to /etc/hosts',
    };
  },
};
