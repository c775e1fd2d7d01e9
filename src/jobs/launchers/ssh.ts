import { readdirSync } from 'node:fs';
import path from 'node:path';
import { hostOf } from '../../hosts/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { fetchCheckpoints } from '../../training/far-tune.ts';
import { tunedFolder } from '../../training/tuned.ts';
import { launchJob } from '../launcher.ts';
import { readJob } from '../registry.ts';
import { type JobWork, launcherName } from '../types.ts';
import { localLauncher } from './local.ts';
import type { Fetched, Launcher } from './types.ts';

/** Kinds of work whose engine can run on another host. */
const canGo = (work: JobWork): work is Extract<JobWork, { kind: Tune | 'engine-install' | 'serve' }> =>
  isTune(work) || work.kind === 'engine-install' || (work.kind === 'serve' && work.engine === 'vllm');
type Tune = 'train-llm' | 'train-embedder';
const isTune = (work: JobWork): work is Extract<JobWork, { kind: Tune }> =>
  work.kind === 'train-llm' || work.kind === 'train-embedder';

/**
 * Jobs whose engine runs on another host: keeper and program there, supervisor, worker and the job's folder here, where
 * what they print arrives as it grows. So everything but what was made is followed as a job of this machine.
 */
export function sshLauncher(paths: WorkspacePaths, launcher: string): Launcher {
  const local = localLauncher(paths);
  return {
    ...local,
    name: launcher,
    start: (work, options = {}) => {
      if (!canGo(work)) throw new RagtuiError('unsupported', `A job of kind ${work.kind} runs on this machine alone.`);
      return launchJob(paths, { ...work, launcher }, options);
    },
    fetch: async (id, signal) => {
      const { work } = readJob(paths, id).spec;
      if (!isTune(work)) return local.fetch(id);
      const { train } = tunedFolder(paths, work.name);
      await fetchCheckpoints(paths, hostOf(launcher), work.name, signal);
      const checkpoints = readdirSync(train)
        .filter((name) => /^checkpoint-\d+$/.test(name))
        .map((name): Fetched => ({ name, path: path.join(train, name) }));
      const made = await local.fetch(id);
      return [...made, ...checkpoints.filter(({ path: one }) => made.every((other) => other.path !== one))];
    },
  };
}

/** A launcher by its name: `local`, `ssh:HOST` or `slurm:HOST`. */
export const launcherNamed = (paths: WorkspacePaths, name: string): Launcher =>
  name === 'local' ? localLauncher(paths) : sshLauncher(paths, name);

/** The launcher that a job was started by. */
export const launcherOf = (paths: WorkspacePaths, id: string): Launcher =>
  launcherNamed(paths, launcherName(readJob(paths, id).spec.work));
