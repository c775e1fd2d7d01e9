import { setTimeout as after } from 'node:timers/promises';
import { createMachineSampler } from '../platform/telemetry/proc.ts';
import type { ProcessTree } from '../platform/telemetry/types.ts';

const BETWEEN_MS = 300;

/** What a process and all below it use now: bytes, and cores busy over 0.3 s. Null when it is gone, or without /proc. */
export async function usageOf(pid: number): Promise<ProcessTree | null> {
  const sampler = createMachineSampler();
  sampler.trees([pid]);
  await after(BETWEEN_MS);
  return sampler.trees([pid]).get(pid)?.tree ?? null;
}
