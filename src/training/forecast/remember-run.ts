import os from 'node:os';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { finalSettings, type TrainingWork } from './final-settings.ts';
import { forecastTraining } from './forecast.ts';
import { gatherFacts } from './gather.ts';
import { paceKey, rememberPace } from './known-pace.ts';
import { RunWatch, type SeenPace } from './run-watch.ts';
import { slowFacts } from './slow-facts.ts';
import type { MeasuredPace } from './types.ts';

/** The day, and how busy the machine was: a busy one is slower. */
export function measuredAt(): string {
  const [load = 0] = os.loadavg();
  return `${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(1)}`;
}

/**
 * Keeps what the steps of a run took for the forecasts after it. Counts its tokens for that, a second or two; what goes
 * wrong with it is nobody's trouble.
 */
export async function rememberRun(
  paths: WorkspacePaths,
  work: TrainingWork,
  source: MeasuredPace['source'],
  seen: SeenPace,
): Promise<MeasuredPace | undefined> {
  const { engine, base, dataset, settings } = finalSettings(paths, work);
  const slow = await slowFacts(paths, { engine, training: work, device: 'cpu' });
  const input = gatherFacts(paths, { engine, training: work, dataset, settings, base, slow });
  const { tokens } = forecastTraining(input);
  if (!tokens || tokens.perStep <= 0) return undefined;
  const pace: MeasuredPace = { ...seen, source, from: measuredAt(), tokensPerStep: tokens.perStep };
  rememberPace(paths, paceKey({ ...input, base }), pace);
  return pace;
}

/** The watch of a training job: what its steps took is kept at its end. */
export class RememberedRun extends RunWatch {
  /** Never throws: the training is done, whatever is known of it. */
  async remember(paths: WorkspacePaths, work: TrainingWork): Promise<void> {
    const seen = this.pace();
    if (!seen) return;
    try {
      await rememberRun(paths, work, 'earlier-run', seen);
    } catch {
      // The next forecast is without it.
    }
  }
}
