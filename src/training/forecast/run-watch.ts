import { readFileSync } from 'node:fs';
import { parseTrainerLogLine } from '../readers/trainer-log.ts';
import { FileTail } from '../tail-file.ts';
import type { MeasuredPace } from './types.ts';

/** What was seen of the steps of one run. */
export type SeenPace = Pick<MeasuredPace, 'secondsPerStep' | 'steps' | 'peakBytes'>;

/** Watches the steps of a running engine and the highest memory of its process. */
export class RunWatch {
  readonly #tail: FileTail;
  readonly #after: number;
  readonly #seen: { readonly step: number; readonly atMs: number }[] = [];
  #pid: number | undefined;
  #peak: number | null = null;

  /** `rows`: the engine's trainer_log.jsonl; steps up to `after` are an earlier session's. */
  constructor(rows: string, after = 0) {
    this.#after = after;
    this.#tail = new FileTail(rows, (line) => this.#row(line));
  }

  started(pid: number): void {
    this.#pid = pid;
  }

  look(): void {
    this.#tail.look();
    if (this.#pid === undefined) return;
    const now = highWater(this.#pid);
    if (now !== null) this.#peak = Math.max(this.#peak ?? 0, now);
  }

  /** Undefined when fewer than two steps were seen apart: a first one holds the start in it. */
  pace(): SeenPace | undefined {
    const found = paceOf(this.#seen);
    return found && { ...found, peakBytes: this.#peak };
  }

  #row(line: string): void {
    const row = parseTrainerLogLine(line);
    if (!row || row.step <= this.#after || !('loss' in row.values)) return;
    if (row.step > (this.#seen.at(-1)?.step ?? 0)) this.#seen.push({ step: row.step, atMs: performance.now() });
  }
}

/**
 * Seconds of a step from when rows came, `low` and `high` the 10th and 90th percentile of them. Rows that came in one
 * look (they are written more often than looked at) are one stretch. Pure.
 */
export function paceOf(
  seen: readonly { readonly step: number; readonly atMs: number }[],
): Omit<SeenPace, 'peakBytes'> | undefined {
  const stretches: number[] = [];
  let from = seen[0];
  for (const one of seen.slice(1)) {
    if (!from || one.atMs - from.atMs < 1) continue;
    stretches.push((one.atMs - from.atMs) / 1000 / (one.step - from.step));
    from = one;
  }
  const [first, last] = [seen[0], from];
  if (stretches.length === 0 || !first || !last) return undefined;
  const sorted = stretches.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const middle = (last.atMs - first.atMs) / 1000 / (last.step - first.step);
  return {
    secondsPerStep: { low: Math.min(at(0.1), middle), middle, high: Math.max(at(0.9), middle) },
    steps: last.step - first.step,
  };
}

/** Highest resident memory of a process so far, bytes; null when it is gone, or without /proc. */
function highWater(pid: number): number | null {
  try {
    const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return found === undefined ? null : Number(found) * 1024;
  } catch {
    return null;
  }
}
