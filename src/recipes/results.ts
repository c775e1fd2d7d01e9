import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readJsonFile } from '../jobs/folder.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { lockFile } from '../platform/lock.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type StepKind, type StepResult, stepResultSchema } from './types.ts';

/** A person's own recipes lie here; what is done already below it. */
export const recipesFolder = (paths: WorkspacePaths): string => path.join(paths.home, 'recipes');
const resultsFolder = (paths: WorkspacePaths): string => path.join(recipesFolder(paths), '.results');
const fileOf = (paths: WorkspacePaths, key: string): string => path.join(resultsFolder(paths), `${key}.json`);
const triesFile = (paths: WorkspacePaths, key: string): string => path.join(resultsFolder(paths), `${key}.tries.json`);

/** So many results tell what steps take; older ones are of another time. */
const MOST_MEASURED = 200;

/** How often a result was made and went again: jobs of an earlier time do not count for the next. */
const triesSchema = z.object({ times: z.number().int().nonnegative() });

/** What is known to be done under this key; undefined: nothing. */
export const readResult = (paths: WorkspacePaths, key: string): StepResult | undefined =>
  readJsonFile(fileOf(paths, key), stepResultSchema);

/** Keeps what a step made; on the disk when this returns. */
export function keepResult(paths: WorkspacePaths, result: StepResult): void {
  mkdirSync(resultsFolder(paths), { recursive: true, mode: 0o700 });
  writeJsonAtomic(fileOf(paths, result.key), result);
}

/** Forgets a result that is not there any more. What made it does not count as done from now on. */
export function forgetResult(paths: WorkspacePaths, key: string): void {
  writeJsonAtomic(triesFile(paths, key), { times: timesOf(paths, key) + 1 });
  rmSync(fileOf(paths, key), { force: true });
}

const timesOf = (paths: WorkspacePaths, key: string): number =>
  readJsonFile(triesFile(paths, key), triesSchema)?.times ?? 0;

/** By what jobs that do this step are found again. `part`: of a step with several. */
export function stepMark(paths: WorkspacePaths, key: string, part = ''): string {
  return [key, String(timesOf(paths, key)), ...(part === '' ? [] : [part])].join(':');
}

/** Whether jobs with this mark do the step of a key. Pure. */
export const isMarkOf = (mark: string, key: string): boolean => mark.startsWith(`${key}:`);

/** One recipe at a time does a step, whoever else wants it. Returns the way to give it back. */
export function lockStep(paths: WorkspacePaths, key: string, signal: AbortSignal): Promise<() => void> {
  return lockFile(path.join(resultsFolder(paths), `.${key}.lock`), { signal });
}

/** Seconds that the newest step of a kind and name took; null: none is known. */
export type Measured = (kind: StepKind, name: string) => number | null;

/** What the newest steps here took; read once, whatever is asked of it then. */
export function measuredSeconds(paths: WorkspacePaths): Measured {
  const folder = resultsFolder(paths);
  if (!existsSync(folder)) return () => null;
  const newest = readdirSync(folder)
    .filter((file) => /^[0-9a-f]{64}\.json$/.test(file))
    .map((file) => ({ file, at: statSync(path.join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.at - a.at)
    .slice(0, MOST_MEASURED)
    .flatMap(({ file }) => readJsonFile(path.join(folder, file), stepResultSchema) ?? []);
  return (kind, name) => newest.find((one) => one.kind === kind && one.name === name)?.seconds ?? null;
}
