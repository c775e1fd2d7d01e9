import { nearestOptions, obstacleSentence } from '../training/forecast/refusal.ts';
import {
  DISK_PARTS,
  type DiskForecast,
  type Forecast,
  MEMORY_PARTS,
  type MemoryForecast,
  type TimeForecast,
  type TokensForecast,
} from '../training/forecast/types.ts';
import { clock, megabytes } from './output.ts';

const count = (number: number): string => Math.round(number).toLocaleString('en');
const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.001 ? 3 : 1)} %`;
const UNKNOWN = 'unknown';

/** What a training will need, a line for each figure and one for each part of memory and disk. */
export function forecastLines({ steps, tokens, parameters, memory, disk, time, verdict }: Forecast): string[] {
  const kept = steps.evalRows > 0 ? `, ${count(steps.evalRows)} kept for evaluation` : '';
  return [
    `steps    ${count(steps.total)}: ${count(steps.perEpoch)} an epoch of ${count(steps.trainRows)} rows, ${count(steps.effectiveBatch)} rows a step${kept}`,
    `tokens   ${tokens ? tokensText(tokens) : UNKNOWN}`,
    ...(tokens?.cut ?? []).flatMap(({ setting, at, share }) =>
      share > 0
        ? [`         ${percent(share)} of the texts are longer than ${setting} (${count(at)}) and are cut`]
        : [],
    ),
    parameters
      ? `trains   ${count(parameters.trainable)} of ${count(parameters.all)} parameters (${percent(parameters.trainable / parameters.all)})`
      : `trains   ${UNKNOWN}: the base is not here`,
    `memory   ${memory ? memoryText(memory) : UNKNOWN}`,
    `disk     ${disk ? diskText(disk) : UNKNOWN}`,
    `time     ${timeText(time)}`,
    ...verdict.obstacles.map(
      (obstacle) => `${verdict.state === 'tight' ? 'tight' : 'REFUSED'}    ${obstacleSentence(obstacle)}`,
    ),
    ...(verdict.nearest ? [`fits     ${nearestOptions(verdict.nearest)} (${megabytes(verdict.nearest.peak)})`] : []),
  ];
}

function tokensText({ source, sampled, longest, perStep, total }: TokensForecast): string {
  const how = source === 'counted' ? `counted on ${count(sampled)} texts` : `estimated from ${count(sampled)} texts`;
  return `${count(total)} in all, ${count(perStep)} a step, longest ${count(longest)} (${how})`;
}

function memoryText({ where, parts, peak, moment }: MemoryForecast): string {
  const each = MEMORY_PARTS.flatMap((part) => (parts[part] > 0 ? [`${part} ${megabytes(parts[part])}`] : []));
  return `${megabytes(peak)} of ${where === 'gpu' ? 'each GPU' : 'this machine'} at most (${moment}): ${each.join(', ')}`;
}

function diskText({ parts, peak }: DiskForecast): string {
  const each = DISK_PARTS.flatMap((part) => (parts[part] > 0 ? [`${part} ${megabytes(parts[part])}`] : []));
  return `${megabytes(peak)} at most: ${each.join(', ')}`;
}

function timeText({ measured, seconds }: TimeForecast): string {
  if (!measured || !seconds) return 'unknown until measured (--measure runs a few steps)';
  const { low, middle, high } = seconds;
  const what = measured.source === 'micro-run' ? 'a measurement' : 'an earlier run';
  const peak = measured.peakBytes === null ? '' : `; at most ${megabytes(measured.peakBytes)} of memory was seen`;
  return `about ${clock(middle)} (${clock(low)} to ${clock(high)}), from ${measured.steps} steps of ${what} (${measured.from})${peak}`;
}
