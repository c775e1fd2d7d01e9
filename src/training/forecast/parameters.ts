import { Settings } from './settings.ts';
import type { ForecastInput, Linear, ModelShape, ParametersForecast } from './types.ts';

export type Method = 'lora' | 'freeze' | 'full';

/** How the engine trains; FlagEmbedding trains every weight. */
export function methodOf({ engine, settings }: Pick<ForecastInput, 'engine' | 'settings'>): Method {
  if (engine === 'flagembedding') return 'full';
  const named = new Settings(settings).text('finetuning_type') ?? 'lora';
  return named === 'full' || named === 'freeze' ? named : 'lora';
}

/**
 * Parameters as LLaMA-Factory prints them. LoRA (Hu et al. 2021): r × (in + out) for each target, `all` = every linear
 * layer of the blocks (`find_all_linear_modules`). Freeze: all weights of the last n blocks, or of the first for a
 * negative n. An encoder's pooler is trained too, though nothing flows through it.
 */
export function forecastParameters(input: ForecastInput, shape: ModelShape): ParametersForecast {
  const read = new Settings(input.settings);
  switch (methodOf(input)) {
    case 'full':
      return { all: shape.parameters, trainable: shape.parameters };
    case 'freeze':
      return { all: shape.parameters, trainable: sum(trainedBlocks(read, shape)) };
    case 'lora': {
      const rank = rankOf(read);
      const adapter = sum(targetsOf(read, shape).map((linear) => rank * (linear.in + linear.out)));
      return { all: shape.parameters + adapter, trainable: adapter };
    }
  }
}

export const rankOf = (read: Settings): number => read.number('lora_rank') ?? 8;

/** Linear layers that an adapter rides on. */
export function targetsOf(read: Settings, shape: ModelShape): readonly Linear[] {
  const named = read.text('lora_target') ?? 'all';
  if (named === 'all') return shape.linears;
  const names = named.split(',').map((name) => name.trim());
  return shape.linears.filter(({ name }) => names.some((one) => one === name || one.endsWith(`.${name}`)));
}

/** Parameters of each block that `freeze` trains. */
export function trainedBlocks(read: Settings, shape: ModelShape): readonly number[] {
  const count = read.number('freeze_trainable_layers') ?? 2;
  return count >= 0 ? shape.layerParameters.slice(-count || shape.layers) : shape.layerParameters.slice(0, -count);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
