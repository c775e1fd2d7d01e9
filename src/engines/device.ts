import { existsSync, readdirSync } from 'node:fs';
import type { EngineDevice } from './types.ts';

/** Whether this machine has an NVIDIA GPU with its driver loaded (Linux); nothing is started to find out. */
export function machineDevice(devFolder = '/dev'): EngineDevice {
  if (!existsSync(devFolder)) return 'cpu';
  return readdirSync(devFolder).some((name) => /^nvidia\d+$/.test(name)) ? 'cuda' : 'cpu';
}
