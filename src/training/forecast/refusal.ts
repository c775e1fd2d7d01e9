import { RagtuiError } from '../../platform/errors.ts';
import type { Forecast, NearestFit, Obstacle } from './types.ts';

const gigabytes = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;

/**
 * Throws for a training that cannot end well: `unavailable` with the numbers and the nearest settings that fit
 * (`oversize` lets it be tried all the same), `invalid` when there is not one step to train.
 */
export function refuseHopeless(
  { verdict }: Pick<Forecast, 'verdict'>,
  options: { readonly oversize?: boolean } = {},
): void {
  if (verdict.state !== 'refused') return;
  const none = verdict.obstacles.find(({ kind }) => kind === 'no-steps');
  if (none) {
    throw new RagtuiError(
      'invalid',
      `This training would end without a step: ${obstacleSentence(none)}.`,
      'Take more rows, or --set per_device_train_batch_size=1.',
    );
  }
  if (options.oversize) return;
  throw new RagtuiError(
    'unavailable',
    `This training does not fit: ${verdict.obstacles.map(obstacleSentence).join('; ')}.`,
    `${advice(verdict.obstacles, verdict.nearest)} Try it all the same with --allow-oversize.`,
  );
}

function advice(obstacles: readonly Obstacle[], nearest: NearestFit | null): string {
  const disk = obstacles.some(({ kind }) => kind === 'disk')
    ? ['Free some disk, or keep fewer checkpoints with --set save_total_limit=1.']
    : [];
  const memory = obstacles.some(({ kind }) => kind === 'memory')
    ? [
        nearest
          ? `This would fit: ${nearestOptions(nearest)} (${gigabytes(nearest.peak)}).`
          : 'No setting makes it fit: take a smaller base.',
      ]
    : [];
  return [...memory, ...disk].join(' ');
}

/** The settings as options of the command. */
export const nearestOptions = ({ settings }: Pick<NearestFit, 'settings'>): string =>
  Object.entries(settings)
    .map(([key, value]) => `--set ${key}=${value}`)
    .join(' ');

/** What stands against a training, with its numbers, for people. */
export function obstacleSentence(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case 'no-steps':
      return `${obstacle.rows} rows do not fill a batch`;
    case 'disk':
      return `it needs ${gigabytes(obstacle.need)} of disk, and ${gigabytes(obstacle.have)} are free`;
    case 'memory':
      return `it needs about ${gigabytes(obstacle.need)} of memory, and ${obstacle.where === 'gpu' ? 'the GPU' : 'this machine'} has ${gigabytes(obstacle.have)}`;
  }
}
