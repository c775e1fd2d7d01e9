import path from 'node:path';
import { readJsonFile, writeJsonFile } from '../../jobs/folder.ts';
import { listJobs } from '../../jobs/registry.ts';
import type { JobView } from '../../jobs/types.ts';
import { isOver } from '../../jobs/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { type LoadTestResult, loadTestResultSchema } from './types.ts';

const fileOf = (folder: string): string => path.join(folder, 'load-test.json');

/** Keeps what is measured so far with its job. */
export const writeLoadTest = (folder: string, result: LoadTestResult): void =>
  writeJsonFile(fileOf(folder), result, { durable: true });

/** What a job has measured so far; undefined before its first request was answered. A job that died is no longer running. */
export function readLoadTest({ folder, state }: Pick<JobView, 'folder' | 'state'>): LoadTestResult | undefined {
  const result = readJsonFile(fileOf(folder), loadTestResultSchema);
  if (result?.state !== 'running' || !isOver(state)) return result;
  return { ...result, state: state === 'stopped' ? 'cancelled' : 'failed' };
}

/** Every load test of the workspace, newest first. */
export const listLoadTests = (paths: WorkspacePaths): LoadTestResult[] =>
  listJobs(paths).flatMap((job) => (job.spec.work.kind === 'load-test' ? (readLoadTest(job) ?? []) : []));

/** By its id or the end of it (`4f2a`). Errors: `not-found`, `usage` when several end like this. */
export function findLoadTest(paths: WorkspacePaths, id: string): LoadTestResult {
  const found = listLoadTests(paths).filter((one) => one.id === id || one.id.endsWith(id));
  const [only, another] = found;
  if (!only) throw new RagtuiError('not-found', `There is no load test "${id}".`, 'See `ragtui deploy bench --list`.');
  if (another) throw new RagtuiError('usage', `Several load tests end in "${id}".`, 'Write the whole id.');
  return only;
}
