import { existsSync, readFileSync } from 'node:fs';
import { writeTextAtomic } from '../platform/files.ts';
import { parseTrainerLogLine } from './readers/trainer-log.ts';

/**
 * Takes rows after `step` out of a JSONL file of training rows. An engine that is told to stop saves its checkpoint
 * before the optimizer's step and still logs that step, which the resumed training then does (and logs) again.
 */
export function dropRowsAfter(file: string, step: number): void {
  if (!existsSync(file)) return;
  const kept = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => (parseTrainerLogLine(line)?.step ?? Number.POSITIVE_INFINITY) <= step);
  writeTextAtomic(file, kept.map((line) => `${line}\n`).join(''));
}
