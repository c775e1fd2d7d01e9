import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { writeJsonAtomic } from '../../platform/files.ts';
import { parseJson } from '../../platform/json.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { checkpoints } from './memory.ts';
import { methodOf } from './parameters.ts';
import { Settings } from './settings.ts';
import type { ForecastInput, MeasuredPace } from './types.ts';

const paceSchema = z.object({
  source: z.enum(['earlier-run', 'micro-run']),
  from: z.string(),
  secondsPerStep: z.object({ low: z.number(), middle: z.number(), high: z.number() }),
  steps: z.number().int().positive(),
  tokensPerStep: z.number().positive(),
  peakBytes: z.number().nullable(),
});
const fileSchema = z.record(z.string(), paceSchema);

/** Workspace's own file of measured steps, by machine, engine, base and way of training. */
const fileOf = (paths: WorkspacePaths): string => path.join(paths.home, 'measured-paces.json');
const MOST = 200;

export type PaceKeyInput = Pick<ForecastInput, 'engine' | 'settings' | 'device' | 'gpus'> & { readonly base: string };

/**
 * Steps of the same base in the same way on the same machine are comparable, and scale with their tokens: batch,
 * lengths and rank are not in the key, precision, checkpointing and quantisation are.
 */
export function paceKey({ engine, settings, device, gpus, base }: PaceKeyInput): string {
  const read = new Settings(settings);
  const way = [
    methodOf({ engine, settings }),
    read.text('stage') ?? 'sft',
    checkpoints({ engine, settings }),
    read.flag('bf16'),
    read.flag('fp16'),
    read.number('quantization_bit') ?? 0,
    read.text('flash_attn') ?? '',
    read.text('deepspeed') ?? '',
  ];
  const cpu = os.cpus()[0]?.model ?? '';
  const machine = [os.hostname(), cpu, os.availableParallelism(), device, gpus];
  return createHash('sha256')
    .update(JSON.stringify([engine, base, way, machine]))
    .digest('hex')
    .slice(0, 24);
}

/** The last measured pace for a key; null when there is none. Reads one small file. */
export const knownPace = (paths: WorkspacePaths, key: string): MeasuredPace | null => readAll(paths)[key] ?? null;

/** Keeps a pace, in place of an older one of its key; the oldest of too many go. */
export function rememberPace(paths: WorkspacePaths, key: string, pace: MeasuredPace): void {
  const { [key]: _, ...others } = readAll(paths);
  const kept = Object.entries(others).slice(-(MOST - 1));
  writeJsonAtomic(fileOf(paths), Object.fromEntries([...kept, [key, pace]]));
}

function readAll(paths: WorkspacePaths): Record<string, MeasuredPace> {
  const file = fileOf(paths);
  if (!existsSync(file)) return {};
  const parsed = fileSchema.safeParse(parseJson(readFileSync(file, 'utf8')));
  return parsed.success ? parsed.data : {};
}
