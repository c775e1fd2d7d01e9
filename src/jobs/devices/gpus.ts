import { readdirSync } from 'node:fs';
import { type NvidiaSmi, nvidiaSmi } from '../../platform/telemetry/nvidia-smi.ts';

/** A GPU, or a MIG slice of one, that a job can have for itself. */
export interface GpuDevice {
  /** As nvidia-smi counts (slices: in the order it lists them). */
  readonly index: number;
  /** What `CUDA_VISIBLE_DEVICES` calls it: its UUID where the driver tells one, else its index. */
  readonly id: string;
}

export interface GpuSources {
  /** `RAGTUI_GPUS` ("0,1"; empty = none) replaces the search; `CUDA_VISIBLE_DEVICES` narrows it, as it does for CUDA. */
  readonly env?: NodeJS.ProcessEnv;
  readonly run?: NvidiaSmi;
  readonly devFolder?: string;
}

/** The GPUs that jobs started here may use. Starts nvidia-smi: not for the UI process. Never rejects. */
export async function machineGpus({
  env = process.env,
  run = nvidiaSmi,
  devFolder = '/dev',
}: GpuSources = {}): Promise<GpuDevice[]> {
  const told = env['RAGTUI_GPUS'];
  if (told !== undefined) return named(told).map((id, index) => ({ index: /^\d+$/.test(id) ? Number(id) : index, id }));
  const { code, output } = await run(['-L']);
  const listed = code === 0 ? parseGpuList(output) : [];
  return visibleGpus(listed.length > 0 ? listed : deviceNodes(devFolder), env['CUDA_VISIBLE_DEVICES']);
}

/**
 * Rows of `nvidia-smi -L`: "GPU 0: NVIDIA H200 (UUID: GPU-…)", and below it its slices, "  MIG 1g.18gb Device 0: (UUID:
 * MIG-…)". A card that is cut into slices can only be used by the slice. Pure.
 */
export function parseGpuList(output: string): GpuDevice[] {
  const cards: { readonly id: string; readonly slices: string[] }[] = [];
  for (const line of output.split('\n')) {
    const [, id] = /\(UUID: ((?:GPU|MIG)-[^)\s]+)\)/.exec(line) ?? [];
    if (id === undefined) continue;
    if (/^GPU \d+:/.test(line)) cards.push({ id, slices: [] });
    else if (/^\s+MIG /.test(line)) cards.at(-1)?.slices.push(id);
  }
  return cards.flatMap(({ id, slices }) => (slices.length > 0 ? slices : [id])).map((id, index) => ({ index, id }));
}

/** What `CUDA_VISIBLE_DEVICES` leaves of them: indexes or (beginnings of) UUIDs, up to the first that is none. Pure. */
export function visibleGpus(all: readonly GpuDevice[], visible: string | undefined): GpuDevice[] {
  if (visible === undefined) return [...all];
  const left: GpuDevice[] = [];
  for (const name of named(visible)) {
    const found = /^\d+$/.test(name)
      ? all.find(({ index }) => index === Number(name))
      : all.find(({ id }) => /^(GPU|MIG)-/.test(name) && id.startsWith(name));
    if (!found || left.includes(found)) break;
    left.push(found);
  }
  return left;
}

const named = (list: string): string[] =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);

/** Without nvidia-smi the driver's device files tell how many there are. */
function deviceNodes(folder: string): GpuDevice[] {
  try {
    const count = readdirSync(folder).filter((name) => /^nvidia\d+$/.test(name)).length;
    return Array.from({ length: count }, (_, index) => ({ index, id: String(index) }));
  } catch {
    return [];
  }
}
