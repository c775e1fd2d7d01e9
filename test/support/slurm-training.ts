import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { readFar } from '../../src/hosts/far-file.ts';
import type { JobView } from '../../src/jobs/types.ts';
import { tunedFolder } from '../../src/training/tuned.ts';
import { textOf } from './far-host.ts';
import { useFarTraining } from './far-training.ts';
import { startSlurm, type TestSlurm } from './slurm.ts';

/** A real Slurm of two nodes for the tests of a file, behind a host with all that a training needs (`useFarTraining`). */
export function useSlurmTraining() {
  let started: TestSlurm;
  beforeAll(async () => {
    started = await startSlurm();
  });
  afterAll(() => started.remove());
  const slurm: Pick<TestSlurm, 'command' | 'controller' | 'node'> = {
    command: (...words) => started.command(...words),
    controller: (what) => started.controller(what),
    node: (name, what) => started.node(name, what),
  };
  const it = useFarTraining('far', {
    kind: 'slurm',
    environment: () => started.environment,
    slurm: { partition: 'debug', time: '10', memory: '600M' },
  });
  const runOf = (job: JobView) => path.join(it.host.facts.root, 'runs', readFar(job.folder)?.run ?? '');
  const number = (job: JobView) => String(JSON.parse(readFileSync(path.join(runOf(job), 'slurm.json'), 'utf8')).job);
  const update = (...args: string[]) => slurm.command('scontrol', 'update', ...args);
  return {
    slurm,
    it,
    /** The folder of its run on the host. */
    runOf,
    /** What Slurm calls it. */
    number,
    update,
    /** A field of what Slurm says of it. */
    field: (job: JobView, name: string) =>
      new RegExp(`\\b${name}=(\\S+)`).exec(slurm.command('scontrol', 'show', 'job', '-o', number(job)))?.[1],
    /** Slurm waits two minutes, since a node starts no job that it has just killed: the other one does. */
    beginAgain: (job: JobView, not: string, ...more: string[]) =>
      update(`JobId=${number(job)}`, 'StartTime=now', `ExcNodeList=${not}`, ...more),
    /** The steps in the engine's own file here. */
    rowsHere: () =>
      textOf(path.join(tunedFolder(it.paths, 'mine').train, 'trainer_log.jsonl'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line).current_steps),
    /** The steps of its curve. */
    lossSteps: (job: JobView) => it.metric(job, 'loss').map(([step]) => step),
  };
}
