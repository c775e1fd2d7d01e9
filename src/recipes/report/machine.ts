import os from 'node:os';
import { programVersion } from '../../datasets/program-version.ts';

/** What the recipe ran on, a line each. Names of hosts and users are nobody's business. */
export interface MachineText {
  readonly lines: readonly string[];
}

/** This machine now. */
export function machineText(): MachineText {
  const cpus = os.cpus();
  const gib = os.totalmem() / 1024 ** 3;
  const load = os.loadavg()[0] ?? 0;
  return {
    lines: [
      `ragtui ${programVersion()}, Node ${process.versions.node}, ${os.type()} ${os.release()} ${os.arch()}`,
      `${cpus.length} cores (${cpus[0]?.model.trim() ?? 'unknown'}), ${gib.toFixed(1)} GiB of memory; load over one minute at the end: ${load.toFixed(1)}`,
    ],
  };
}
