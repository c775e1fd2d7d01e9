import { ladder } from './ladder.ts';
import { forecastMemory } from './memory.ts';
import { forecastParameters } from './parameters.ts';
import type {
  DiskForecast,
  ForecastInput,
  MachineFacts,
  MemoryForecast,
  ModelShape,
  NearestFit,
  Obstacle,
  Rung,
  StepsForecast,
  Verdict,
} from './types.ts';

/** Nearer than this to what there is, a forecast is no promise: measured ones were off by so much (docs/forecast.md). */
export const TIGHT_SHARE = 0.15;

interface Needs {
  readonly steps: StepsForecast;
  readonly memory: MemoryForecast | null;
  readonly disk: DiskForecast | null;
}

/**
 * Whether a training can end well: it has steps, its memory is there at all (what others hold now may be free by then,
 * so that only makes it tight), and the disk has room.
 */
export function judge(input: ForecastInput, { steps, memory, disk }: Needs): Verdict {
  const hopeless: Obstacle[] = [];
  const close: Obstacle[] = [];
  if (steps.total === 0) hopeless.push({ kind: 'no-steps', rows: steps.trainRows });
  const room = memory && roomOf(input.machine, memory.where);
  if (memory && room) {
    const { where, peak: need } = memory;
    if (need > room.total) hopeless.push({ kind: 'memory', where, need, have: room.total });
    else if (need > Math.min(room.total, room.free) * (1 - TIGHT_SHARE)) {
      close.push({ kind: 'memory', where, need, have: Math.min(room.total, room.free) });
    }
  }
  const free = input.machine.disk;
  if (disk && free !== null) {
    if (disk.peak > free) hopeless.push({ kind: 'disk', need: disk.peak, have: free });
    else if (disk.peak > free * (1 - TIGHT_SHARE)) close.push({ kind: 'disk', need: disk.peak, have: free });
  }
  if (hopeless.length > 0) {
    const short = hopeless.some(({ kind }) => kind === 'memory');
    return { state: 'refused', obstacles: hopeless, nearest: short && room ? nearestFit(input, room.total) : null };
  }
  if (close.length > 0) return { state: 'tight', obstacles: close, nearest: null };
  return { state: room ? 'fits' : 'unknown', obstacles: [], nearest: null };
}

/** Of the smallest GPU: each does the same work. */
function roomOf(machine: MachineFacts, where: MemoryForecast['where']): { total: number; free: number } | null {
  if (where === 'host') return machine.memory && { total: machine.memory.total, free: machine.memory.available };
  const [first, ...others] = machine.gpus ?? [];
  if (!first) return null;
  return others.reduce((least, gpu) => (gpu.free < least.free ? gpu : least), first);
}

/** Down the ladder to the first settings that need clearly less than `room`; null when none do, or the base is not known. */
export function nearestFit(input: ForecastInput, room: number): NearestFit | null {
  const { shape } = input;
  if (!shape) return null;
  const rungs: Rung[] = [];
  for (const rung of ladder(input)) {
    rungs.push(rung);
    const changes = Object.assign({}, ...rungs.map((one) => one.changes));
    const { peak } = peakWith(input, shape, changes);
    if (peak <= room * (1 - TIGHT_SHARE)) return { settings: changes, rungs, peak };
  }
  return null;
}

function peakWith(input: ForecastInput, shape: ModelShape, changes: NearestFit['settings']): MemoryForecast {
  const changed = { ...input, settings: { ...input.settings, ...changes } };
  return forecastMemory(changed, shape, forecastParameters(changed, shape));
}
