import { forecastTokens } from './batches.ts';
import { forecastDisk } from './disk.ts';
import { forecastMemory } from './memory.ts';
import { forecastParameters } from './parameters.ts';
import { forecastSteps } from './steps.ts';
import { forecastTime } from './time.ts';
import type { Forecast, ForecastInput } from './types.ts';
import { judge } from './verdict.ts';

/** What a training will need, before it is started. Pure; what is not known is null, never 0. */
export function forecastTraining(input: ForecastInput): Forecast {
  const { shape } = input;
  const steps = forecastSteps(input);
  const tokens = forecastTokens(input, steps);
  const parameters = shape && forecastParameters(input, shape);
  const memory = shape && parameters && forecastMemory(input, shape, parameters);
  const disk = shape && parameters && forecastDisk(input, shape, parameters, steps, tokens?.total ?? 0);
  return {
    steps,
    tokens,
    parameters,
    memory,
    disk,
    time: forecastTime(input, steps, tokens),
    verdict: judge(input, { steps, memory, disk }),
  };
}
