import { fork } from 'node:child_process';
import { z } from 'zod';
import { workerPath } from '../../platform/entry.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { ownMetricFiles, ownMetricsFolder } from './folder.ts';
import { type OwnMetrics, ownMetricsSchema } from './types.ts';

const LONGEST_MS = 30_000;
const answerSchema = z.object({ result: ownMetricsSchema });

/**
 * The metrics in the config folder, read in a child process: their code never runs in this one. No child where there are
 * no files. What cannot be loaded is among the problems; never throws.
 */
export function describeOwnMetrics(paths: WorkspacePaths): Promise<OwnMetrics> {
  if (ownMetricFiles(paths).length === 0) return Promise.resolve({ metrics: [], problems: [] });
  return new Promise((resolve) => {
    const child = fork(workerPath('task'), [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
    const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS);
    let found: OwnMetrics | undefined;
    child.on('message', (message) => {
      found = answerSchema.safeParse(message).data?.result ?? found;
    });
    const end = (why: string): void => {
      clearTimeout(timer);
      const message = `No own metric is used: what loads them ${why}.`;
      resolve(found ?? { metrics: [], problems: [{ file: ownMetricsFolder(paths), message }] });
    };
    child.once('error', (error) => end(`cannot be started (${error.message})`));
    child.once('exit', (code, signal) => end(`ended by itself (${signal ?? `exit code ${code}`})`));
    child.send({ task: 'own-metrics' });
  });
}
