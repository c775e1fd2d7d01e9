import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { checkAdapterConfig, readAdapterConfig } from '../../models/gguf/lora.ts';
import { safetensorsShapes } from '../../models/gguf/safetensors.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { parseJson } from '../../platform/json.ts';
import type { LoraRoom } from './types.ts';

/** The largest rank among the layers of an adapter; null of a GGUF file, which does not say. */
export function adapterRank(source: string): number | null {
  if (!statSync(source).isDirectory()) return null;
  const { r, rank_pattern } = readAdapterConfig(source);
  return Math.max(r, ...Object.values(rank_pattern ?? {}));
}

/**
 * Whether a running vLLM server would take an adapter, told before it is asked. `weights` is the folder of its base.
 * Errors: `unsupported` (a kind it does not serve, a GGUF file, started without room for adapters, a rank above what it
 * was started for), `invalid` (trained on another base), `not-found`, `corrupt`.
 */
export function checkFitsVllm(source: string, weights: string, room: LoraRoom | null): void {
  if (!statSync(source).isDirectory()) {
    throw new RagtuiError(
      'unsupported',
      `${source} is a file of llama.cpp's: vLLM reads the folder that the training wrote.`,
      'Name that folder, or deploy on --engine llama.',
    );
  }
  checkAdapterConfig(readAdapterConfig(source));
  const rank = adapterRank(source) ?? 0;
  if (room && room.slots === 0) {
    throw new RagtuiError(
      'unsupported',
      'This server was started without room for adapters.',
      'Stop it, and start it again with --adapter, or without --no-lora.',
    );
  }
  if (room && rank > room.maxRank) {
    throw new RagtuiError(
      'unsupported',
      `The adapter has rank ${rank}; this server was started for ranks up to ${room.maxRank}.`,
      `Stop it, and start it again with --max-lora-rank ${rank}.`,
    );
  }
  checkShapes(source, weights);
}

/** Every layer the adapter changes must be in the base, and as large. */
function checkShapes(source: string, weights: string): void {
  const file = path.join(source, 'adapter_model.safetensors');
  if (!existsSync(file)) {
    throw new RagtuiError('not-found', `${source} has no adapter_model.safetensors.`, 'Save it as safetensors.');
  }
  const base = baseShapes(weights);
  if (!base) return;
  for (const [name, shape] of safetensorsShapes(file)) {
    const [, module, half] = /^base_model\.model\.(.+)\.lora_([AB])\.(?:default\.)?weight$/.exec(name) ?? [];
    if (!module) continue;
    const [rows, columns] = base.get(`${module}.weight`) ?? [];
    const [has, needs] = half === 'A' ? [shape[1], columns] : [shape[0], rows];
    if (needs === undefined || has === needs) continue;
    throw new RagtuiError(
      'invalid',
      `The adapter belongs to another base: its ${module} has ${has} ${half === 'A' ? 'columns' : 'rows'}, ${path.basename(weights)} has ${needs}.`,
      'Deploy the base it was trained on.',
    );
  }
  const layers = [...safetensorsShapes(file).keys()].filter((name) => name.includes('.lora_A.'));
  const known = layers.filter((name) => base.has(name.replace(/^base_model\.model\.(.+)\.lora_A\..*$/, '$1.weight')));
  if (layers.length > 0 && known.length === 0) {
    throw new RagtuiError(
      'invalid',
      `The adapter belongs to another base: ${path.basename(weights)} has none of its ${layers.length} layers.`,
      'Deploy the base it was trained on.',
    );
  }
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Shapes of the base's weights; undefined where they are not safetensors on this disk (quantised, on a hub). */
function baseShapes(weights: string): Map<string, readonly number[]> | undefined {
  const at = (name: string) => path.join(weights, name);
  if (existsSync(at('model.safetensors'))) return safetensorsShapes(at('model.safetensors'));
  if (!existsSync(at('model.safetensors.index.json'))) return undefined;
  const index = indexSchema.safeParse(parseJson(readFileSync(at('model.safetensors.index.json'), 'utf8')));
  if (!index.success) return undefined;
  const shards = [...new Set(Object.values(index.data.weight_map))].filter((name) => existsSync(at(name)));
  return new Map(shards.flatMap((name) => [...safetensorsShapes(at(name))]));
}
