import { evaluationsOf, savesOf } from './disk.ts';
import { Settings } from './settings.ts';
import type { ForecastInput, StepsForecast, TimeForecast, TokensForecast } from './types.ts';

/** Seconds until the engine has imported all and loaded the model: about 25 were seen on two cores (docs/engines.md). */
const START_SECONDS = 25;
/** Making the float32 folder of a small GGUF took a minute. */
const CONVERT_SECONDS = 60;
const SAVE_SECONDS = 2;
/** A forward pass alone is about a third of a step: the way back is two passes (Kaplan et al. 2020, §2.1). */
const FORWARD_SHARE = 1 / 3;

/**
 * Time to the end: steps × seconds of a measured step, scaled by the tokens of a step, evaluations, checkpoints and
 * the start. Without a measurement there is none.
 */
export function forecastTime(
  { settings, pace, convertsBase }: ForecastInput,
  steps: StepsForecast,
  tokens: TokensForecast | null,
): TimeForecast {
  if (!pace || !tokens || pace.tokensPerStep <= 0) return { measured: pace, seconds: null };
  const read = new Settings(settings);
  const scale = tokens.perStep / pace.tokensPerStep;
  const evalRows = evaluationsOf(read, steps) * steps.evalRows;
  // An evaluated row costs a third of a trained one.
  const stepsOfEvaluation = steps.effectiveBatch === 0 ? 0 : (FORWARD_SHARE * evalRows) / steps.effectiveBatch;
  const fixed = START_SECONDS + (convertsBase ? CONVERT_SECONDS : 0) + SAVE_SECONDS * savesOf(read, steps);
  const at = (seconds: number): number => (steps.total + stepsOfEvaluation) * seconds * scale + fixed;
  const { low, middle, high } = pace.secondsPerStep;
  return { measured: pace, seconds: { low: at(low), middle: at(middle), high: at(high) } };
}
