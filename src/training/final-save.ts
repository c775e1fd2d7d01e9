import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { parseJson } from '../platform/json.ts';

const HEADER_LENGTH = 8;
const MAX_HEADER = 100 * 1024 * 1024;

/**
 * What is wrong with the weights a training left, in words; undefined when they are whole. A save that was interrupted
 * leaves a file that is shorter than its own header says, or the one of an earlier save, older than the last checkpoint.
 */
export function finalSaveProblem(folder: string, kind: 'adapter' | 'model'): string | undefined {
  const weights = weightFiles(folder, kind);
  if (weights.length === 0) return `it left no ${kind === 'adapter' ? 'adapter_model.safetensors' : 'model weights'}`;
  const config = kind === 'adapter' ? 'adapter_config.json' : 'config.json';
  if (!isJsonFile(path.join(folder, config))) return `${config} is missing or cut off`;
  const torn = weights.find((name) => !isWholeSafetensors(path.join(folder, name)));
  if (torn) return `${torn} is cut off`;
  const last = checkpoints(folder)[0];
  const [first = ''] = weights;
  if (last && statSync(path.join(folder, first)).mtimeMs < savedAt(path.join(folder, last))) {
    return `${first} is older than ${last}`;
  }
  return undefined;
}

/** Names of the files of weights in the root of a training's folder. */
export function weightFiles(folder: string, kind: 'adapter' | 'model'): string[] {
  if (!existsSync(folder)) return [];
  const named = kind === 'adapter' ? /^adapter_model\.safetensors$/ : /^model(-\d+-of-\d+)?\.safetensors$/;
  return readdirSync(folder)
    .filter((name) => named.test(name))
    .sort();
}

/** Whether a `.safetensors` file is as long as its header says: 8 bytes length, JSON, then the data. */
export function isWholeSafetensors(file: string): boolean {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size < HEADER_LENGTH) return false;
    const length = Number(read(fd, 0, HEADER_LENGTH).readBigUInt64LE());
    if (length < 2 || length > Math.min(MAX_HEADER, size - HEADER_LENGTH)) return false;
    const header = parseJson(read(fd, HEADER_LENGTH, length).toString('utf8'));
    if (typeof header !== 'object' || header === null) return false;
    const ends = Object.entries(header).map(([name, tensor]) => (name === '__metadata__' ? 0 : endOf(tensor)));
    return size === HEADER_LENGTH + length + Math.max(0, ...ends);
  } finally {
    closeSync(fd);
  }
}

function endOf(tensor: unknown): number {
  const offsets = typeof tensor === 'object' && tensor !== null && 'data_offsets' in tensor ? tensor.data_offsets : [];
  const end: unknown = Array.isArray(offsets) ? offsets[1] : undefined;
  return typeof end === 'number' ? end : Number.POSITIVE_INFINITY;
}

function read(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, position));
}

const stateSchema = z.looseObject({ global_step: z.number().int(), max_steps: z.number().int().positive() });

/** Whether a checkpoint, or the folder of a training that ended, is of the last step: going on from it would do a step too many. */
export function isFinished(checkpoint: string): boolean {
  const file = path.join(checkpoint, 'trainer_state.json');
  const state = existsSync(file) ? stateSchema.safeParse(parseJson(readFileSync(file, 'utf8'))).data : undefined;
  return state !== undefined && state.global_step >= state.max_steps;
}

const BESIDE = {
  adapter: ['adapter_config.json'],
  model: ['config.json', 'generation_config.json', 'model.safetensors.index.json'],
} as const;

/** Takes the weights of a checkpoint as what the training left: the last save, without the engine. */
export function saveFromCheckpoint(folder: string, checkpoint: string, kind: 'adapter' | 'model'): void {
  for (const name of [...weightFiles(folder, kind)]) rmSync(path.join(folder, name));
  for (const name of [...BESIDE[kind], ...weightFiles(checkpoint, kind)]) {
    const file = path.join(checkpoint, name);
    if (existsSync(file)) copyFileSync(file, path.join(folder, name));
  }
}

const checkpoints = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /^checkpoint-\d+$/.test(name))
    .sort((a, b) => Number(b.slice(11)) - Number(a.slice(11)));

/** When a checkpoint was complete: its state is written last. */
const savedAt = (checkpoint: string): number =>
  statSync(path.join(checkpoint, 'trainer_state.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0;

const isJsonFile = (file: string): boolean => existsSync(file) && parseJson(readFileSync(file, 'utf8')) !== undefined;
