import type { Check } from '../types.ts';

const MINUTE = 60_000;
/** This program is not older. */
const EARLIEST = Date.UTC(2026, 0, 1);

/** Nothing is asked of the network: a clock that is wrong shows by files from the future. */
export const clock: Check = {
  id: 'clock',
  name: 'clock',
  run: async (probe) => {
    const shown = new Date(probe.now).toISOString().replace(/\.\d+Z/, 'Z');
    const get = 'set the clock: sudo timedatectl set-ntp true';
    if (probe.now < EARLIEST)
      return { state: 'fail', detail: `${shown} is in the past: certificates will not be accepted`, get };
    const { home, database, jobs } = probe.paths;
    const times = [home, database, jobs].map((file) => probe.stat(file)?.modified ?? 0);
    const ahead = Math.max(...times) - probe.now;
    if (ahead > 2 * MINUTE) {
      return {
        state: 'warn',
        detail: `${shown}, but the workspace was written ${Math.round(ahead / MINUTE)} minutes later than that`,
        get,
      };
    }
    const ntp = await probe.run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']);
    if (ntp?.code === 0 && ntp.stdout.trim() === 'no')
      return { state: 'warn', detail: `${shown}, not kept right by NTP`, get };
    return { state: 'ok', detail: shown };
  },
};
