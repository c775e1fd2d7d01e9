import type { EngineDevice } from '../../engines/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { readGpus } from '../../platform/telemetry/nvidia-smi.ts';
import { findEmbedderBase } from '../embedder-base.ts';
import { openTrainingData, part } from '../open-data.ts';
import type { Training } from '../types.ts';
import { countLengths } from './count-lengths.ts';
import type { SlowFacts } from './gather.ts';
import { gpuFacts } from './machine.ts';
import type { ForecastInput, TokenLengths } from './types.ts';

export interface SlowRequest {
  readonly engine: ForecastInput['engine'];
  readonly training: Training;
  readonly device: EngineDevice;
}

/**
 * What takes seconds to find out: token lengths by the base's tokenizer (left out when it is not here: they are then
 * estimated) and what the GPU's driver says. Errors: `cancelled`, those of the dataset.
 */
export async function slowFacts(
  paths: WorkspacePaths,
  { engine, training, device }: SlowRequest,
  signal?: AbortSignal,
): Promise<SlowFacts> {
  const asked = device === 'cuda' ? readGpus() : undefined;
  const lengths = await counted(paths, engine, training, signal);
  const gpus = asked && gpuFacts(await asked, training.gpus ?? 1);
  return { ...(lengths ? { lengths } : {}), ...(gpus ? { gpus } : {}) };
}

async function counted(
  paths: WorkspacePaths,
  engine: ForecastInput['engine'],
  training: Training,
  signal: AbortSignal | undefined,
): Promise<TokenLengths | undefined> {
  const base = engine === 'llamafactory' ? training.base : findEmbedderBase(paths, training.base).id;
  const dataset = openTrainingData(paths, training);
  const request = { dataset, part: part(training.split), limit: training.limit, engine, base };
  try {
    return await countLengths(paths, request, signal);
  } catch (error) {
    // No tokenizer here that can be read, or no chat template: estimated lengths are better than no plan.
    if (error instanceof RagtuiError && NO_TOKENIZER.includes(error.code)) return undefined;
    throw error;
  }
}

const NO_TOKENIZER: readonly string[] = ['unavailable', 'unsupported', 'not-found', 'corrupt'];
