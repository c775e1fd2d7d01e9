import { existsSync } from 'node:fs';
import { engineStatus } from '../../engines/store.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { jobFiles } from '../folder.ts';
import { JOB_GPUS } from '../identity.ts';
import type { JobSpec } from '../types.ts';
import { type GpuDevice, machineGpus } from './gpus.ts';
import { engineOf, fillsCpu, gpusWanted } from './need.ts';
import { assertEnough, type Device, takeDevices } from './queue.ts';

/** What a job has for itself while it runs. */
export interface Reserved {
  /** Indexes of its GPUs. */
  readonly gpus: readonly number[];
  /** For its worker: no other GPU is seen. */
  readonly env: Readonly<Record<string, string>>;
  refresh(): void;
  release(): void;
}

const NOTHING: Reserved = { gpus: [], env: {}, refresh: () => {}, release: () => {} };
const CPU: Device = { id: 'cpu', label: 'the CPU' };

/**
 * Waits in line for the GPUs of a job, or for its turn on the CPU when it is a training; what needs neither gets nothing
 * at once. `onWait` hears why it waits. Undefined: somebody asked it to stop. Errors: `unavailable` when the machine has
 * too few, `permission`, `disk-full`.
 */
export async function reserveDevices(
  paths: WorkspacePaths,
  spec: JobSpec,
  folder: string,
  onWait: (reason: string) => void,
): Promise<Reserved | undefined> {
  const engine = engineOf(spec.work);
  const device = engine && engineStatus(paths, engine).manifest?.device;
  const wanted = gpusWanted(spec.work, device);
  if (wanted === 0 && !fillsCpu(spec.work, device)) return NOTHING;

  if (wanted > 0) onWait('looks for its GPUs');
  const gpus = wanted > 0 ? await machineGpus() : [];
  const among = wanted > 0 ? gpus.map(({ id, index }) => ({ id, label: `GPU ${index}` })) : [CPU];
  const request = { job: spec.id, name: spec.name, folder, count: Math.max(1, wanted), among };
  assertEnough(request);
  const files = jobFiles(folder);
  const hold = await takeDevices(paths.devices, request, {
    stopped: () => existsSync(files.stop),
    force: () => existsSync(files.startNow),
    onWait,
  });
  if (!hold) return undefined;
  const own = gpus.filter(({ id }) => hold.devices.some((held) => held.id === id));
  return {
    gpus: own.map(({ index }) => index),
    env: wanted > 0 ? gpuEnvironment(own) : {},
    refresh: hold.refresh,
    release: hold.release,
  };
}

function gpuEnvironment(gpus: readonly GpuDevice[]): Record<string, string> {
  return {
    CUDA_VISIBLE_DEVICES: gpus.map(({ id }) => id).join(','),
    // CUDA's own order is by speed: an index would name another card than nvidia-smi's.
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    [JOB_GPUS]: gpus.map(({ index }) => index).join(','),
  };
}
