import path from 'node:path';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from '../../jobs/folder.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';

/** Seconds of each stage of the last start that came up, by what was started. */
const fileSchema = z.record(z.string(), z.array(z.number().nonnegative()));
const fileOf = (paths: WorkspacePaths): string => path.join(paths.jobs, '.stage-times.json');

/** Seconds each stage took the last time this was started here; empty = never. */
export const usualTimes = (paths: WorkspacePaths, what: string): readonly number[] =>
  readJsonFile(fileOf(paths), fileSchema)?.[what] ?? [];

/** Keeps the times of a start. */
export function keepTimes(paths: WorkspacePaths, what: string, seconds: readonly number[]): void {
  const known = readJsonFile(fileOf(paths), fileSchema) ?? {};
  writeJsonFile(fileOf(paths), { ...known, [what]: [...seconds] });
}

/** When each stage of a start began, and what that says about the rest. Times in seconds since the start. */
export class StageClock {
  readonly #began: number[] = [0];
  readonly #usual: readonly number[];

  constructor(usual: readonly number[]) {
    this.#usual = usual;
  }

  /** A stage has begun; those before it that nobody saw took no time. */
  begin(stage: number, at: number): void {
    while (this.#began.length <= stage) this.#began.push(at);
  }

  /** Seconds of each stage, the last one until `end`. */
  durations(end: number): number[] {
    return this.#began.map((at, stage) => (this.#began[stage + 1] ?? end) - at);
  }

  /** Seconds the present stage usually takes; undefined = not known. */
  get usual(): number | undefined {
    return this.#usual[this.#began.length - 1];
  }

  /** Seconds until it answers if all goes as the last time; null = there was none. Never below 0. */
  secondsLeft(now: number): number | null {
    if (this.#usual.length === 0) return null;
    const stage = this.#began.length - 1;
    const rest = this.#usual.slice(stage + 1).reduce((sum, one) => sum + one, 0);
    return Math.max(0, (this.#usual[stage] ?? 0) - (now - (this.#began[stage] ?? 0))) + rest;
  }
}
