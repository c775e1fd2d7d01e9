import os from 'node:os';

/** The machine's two clocks; replaced in tests. */
export interface MachineClock {
  /** Time of day: for people. It can jump either way. */
  now(): Date;
  /** Seconds since the machine started, the same in all its processes: only goes forward. For durations. */
  uptime(): number;
}

export const machineClock: MachineClock = { now: () => new Date(), uptime: () => os.uptime() };
