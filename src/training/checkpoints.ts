import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { JobReport } from '../jobs/worker.ts';
import { errnoOf } from '../platform/errors.ts';
import { stepOf } from './tuned.ts';

/** The engine's mark in a checkpoint that it is still writing. */
const INCOMPLETE = 'checkpoint-is-incomplete.txt';

/** Tells of the checkpoints in an engine's output folder: each once when it is whole, and once when it is deleted. */
export class CheckpointWatch {
  readonly #report: JobReport;
  readonly #folder: string;
  /** Bytes seen at the last look, and whether it was told. */
  readonly #seen = new Map<string, { bytes: number; told: boolean }>();

  constructor(report: JobReport, folder: string) {
    this.#report = report;
    this.#folder = folder;
  }

  /** `settled`: the engine does not run, so nothing grows any more. */
  look(settled = false): void {
    const names = checkpointNames(this.#folder);
    for (const [name, { bytes, told }] of this.#seen) {
      if (names.includes(name)) continue;
      if (told) this.#tell(name, bytes, true);
      this.#seen.delete(name);
    }
    for (const name of names) {
      const before = this.#seen.get(name);
      if (before?.told) continue;
      const bytes = wholeSize(path.join(this.#folder, name));
      if (bytes === undefined) continue;
      // Told when it no longer grows: its last file is written in pieces too.
      const told = settled || before?.bytes === bytes;
      this.#seen.set(name, { bytes, told });
      if (told) this.#tell(name, bytes, false);
    }
  }

  #tell(name: string, bytes: number, gone: boolean): void {
    const data = { kind: 'checkpoint', step: stepOf(name), bytes, ...(gone ? { gone } : {}) };
    this.#report.artifact(name, path.join(this.#folder, name), data);
  }
}

function checkpointNames(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^checkpoint-\d+$/.test(name))
      .sort((a, b) => stepOf(a) - stepOf(b));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Bytes of a checkpoint's files; undefined while it is not whole. The engine may delete it while we look. */
function wholeSize(folder: string): number | undefined {
  if (existsSync(path.join(folder, INCOMPLETE)) || !existsSync(path.join(folder, 'trainer_state.json')))
    return undefined;
  try {
    return readdirSync(folder)
      .map((name) => statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
      .reduce((sum, size) => sum + size, 0);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
