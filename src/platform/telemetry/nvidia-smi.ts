import { execFile } from 'node:child_process';
import type { Gpu, GpuProcess, Gpus } from './types.ts';

/** Fields that drivers since 2015 know; newer ones are not needed. */
const GPU_FIELDS = [
  'index',
  'uuid',
  'name',
  'utilization.gpu',
  'memory.used',
  'memory.total',
  'temperature.gpu',
  'power.draw',
  'power.limit',
] as const;
const FORMAT = '--format=csv,noheader,nounits';
/** What is asked for the cards, and for what runs on them. */
export const CARDS_QUERY: readonly string[] = [`--query-gpu=${GPU_FIELDS.join(',')}`, FORMAT];
export const PROCESSES_QUERY: readonly string[] = ['--query-compute-apps=pid,gpu_uuid,used_gpu_memory', FORMAT];
const MIB = 1024 * 1024;
/** On a machine whose driver is not kept loaded the first answer takes seconds. */
const TIMEOUT_MS = 10_000;
const MOST_BYTES = 1024 * 1024;

/** One run of nvidia-smi. */
export type NvidiaSmi = (args: readonly string[]) => Promise<{
  /** Null: there is no such program. */
  readonly code: number | null;
  readonly output: string;
}>;

/** Runs the real one. Never rejects. */
export const nvidiaSmi: NvidiaSmi = (args) =>
  new Promise((resolve) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: MOST_BYTES, env: { ...process.env, LC_ALL: 'C' } };
    execFile('nvidia-smi', args, options, (error, stdout, stderr) => {
      if (!error) resolve({ code: 0, output: stdout });
      else if (error.code === 'ENOENT') resolve({ code: null, output: '' });
      else resolve({ code: typeof error.code === 'number' ? error.code : -1, output: `${stdout}\n${stderr}` });
    });
  });

/** The GPUs and what runs on them, as the driver tells. Never rejects. */
export async function readGpus(run: NvidiaSmi = nvidiaSmi): Promise<Gpus> {
  const cards = await run(CARDS_QUERY);
  if (cards.code === null) return { state: 'none' };
  if (/no devices were found/i.test(cards.output)) return { state: 'none' };
  const gpus = cards.code === 0 ? parseGpus(cards.output) : [];
  if (gpus.length === 0) return { state: 'failed', reason: firstLine(cards.output) || 'nvidia-smi says nothing' };
  const apps = await run(PROCESSES_QUERY);
  return { state: 'ok', gpus, processes: apps.code === 0 ? parseProcesses(apps.output) : [] };
}

/** Rows of `--query-gpu`; lines that are none (warnings) are skipped. Pure. */
export function parseGpus(csv: string): Gpu[] {
  return rowsOf(csv, GPU_FIELDS.length).flatMap((fields) => {
    const [index, uuid = '', name = '', busy, used, total, temperature, power, limit] = fields;
    const number = numberOf(index);
    if (number === null || !/^(GPU|MIG)-/.test(uuid)) return [];
    const share = numberOf(busy);
    return [
      {
        index: number,
        uuid,
        name,
        busy: share === null ? null : Math.min(1, share / 100),
        memoryUsed: mebibytes(used),
        memoryTotal: mebibytes(total),
        temperature: numberOf(temperature),
        power: numberOf(power),
        powerLimit: numberOf(limit),
      },
    ];
  });
}

/** Rows of `--query-compute-apps`. Pure. */
export function parseProcesses(csv: string): GpuProcess[] {
  return rowsOf(csv, 3).flatMap(([pid, gpu = '', memory]) => {
    const number = numberOf(pid);
    return number === null || number <= 0 ? [] : [{ pid: number, gpu, memory: mebibytes(memory) }];
  });
}

function rowsOf(csv: string, fields: number): string[][] {
  return csv
    .split(/\r?\n/)
    .map((line) => line.split(',').map((field) => field.trim()))
    .filter((row) => row.length === fields);
}

/** `[N/A]`, `[Not Supported]`, `[Unknown Error]`, `N/A`, '' → null. Units that an old driver adds all the same are dropped. */
function numberOf(field: string | undefined): number | null {
  const text = (field ?? '').replace(/\s*(MiB|W|C|%)$/, '');
  if (!/^\d+(\.\d+)?$/.test(text)) return null;
  return Number(text);
}

function mebibytes(field: string | undefined): number | null {
  const value = numberOf(field);
  return value === null ? null : value * MIB;
}

const firstLine = (text: string): string =>
  (text.split(/\r?\n/).find((line) => line.trim() !== '') ?? '').trim().slice(0, 200);
