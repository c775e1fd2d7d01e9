import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { engineFolder } from '../../src/engines/store.ts';
import { cleanHost } from '../../src/hosts/clean.ts';
import { readFar } from '../../src/hosts/far-file.ts';
import type { SlurmSettings } from '../../src/hosts/slurm/settings.ts';
import { keepHost } from '../../src/hosts/store.ts';
import type { KnownHost } from '../../src/hosts/types.ts';
import { stopJob } from '../../src/jobs/control.ts';
import { parseEvent } from '../../src/jobs/events.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { sshLauncher } from '../../src/jobs/launchers/ssh.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobEvent, type JobView, type JobWork } from '../../src/jobs/types.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { farTune } from '../../src/training/far-tune.ts';
import type { Training } from '../../src/training/types.ts';
import { FAKE_BASE, fakeTraining } from './fake-training.ts';
import { addFarHost, type FarHost, installFarEngine, installScripted, startFarHost, textOf } from './far-host.ts';

const ENGINE = path.join(packageRoot(), 'test', 'support', 'fake-engine.js');
const training: Training = {
  dataset: 'questions',
  split: 'all',
  base: FAKE_BASE,
  name: 'mine',
  preset: 'cpu',
  settings: {},
  seed: 42,
};

interface Otherwise {
  readonly kind?: 'ssh' | 'slurm';
  /** What every command on the host begins with, too. */
  readonly environment?: () => string;
  readonly slurm?: SlurmSettings;
}

/** A workspace with all that a training needs, and a host behind a real sshd with the scripted engine, anew for each test. */
export function useFarTraining(alias = 'far', { kind = 'ssh', environment = () => '', slurm }: Otherwise = {}) {
  let far: FarHost;
  let host: KnownHost;
  let home: string;
  let paths: WorkspacePaths;

  beforeAll(async () => {
    far = await startFarHost();
  });
  afterAll(() => far.remove());
  beforeEach(async () => {
    // Blanks in paths must work.
    home = mkdtempSync(path.join(os.tmpdir(), 'ragtui far '));
    paths = workspacePaths(home, {});
    await fakeTraining(paths);
    far.environment(environment());
    host = await addFarHost(paths, 'far');
    if (slurm) await keepHost(paths, { ...host, slurm });
    if (alias !== 'far') host = await addFarHost(paths, alias, host.facts);
    installFarEngine(host, ENGINE, 'llamafactory');
    installFarEngine(host, ENGINE, 'flagembedding');
  });
  afterEach(async () => {
    far.start();
    for (const job of listJobs(paths)) {
      const ours = { ask: 0.1, terminate: 0.1 };
      if (!isOver(job.state) || job.far?.open) await stopJob(paths, job.spec.id, { grace: ours });
    }
    await cleanHost({ ...host, name: 'far' }, { stop: true });
    rmSync(home, { recursive: true, force: true });
  });

  const eventsOf = (job: JobView): JobEvent[] =>
    textOf(jobFiles(job.folder).events)
      .split('\n')
      .flatMap((line) => parseEvent(line) ?? []);

  async function until(what: string, condition: () => boolean): Promise<void> {
    const reached = await waitUntil(condition, 90_000);
    // Where they stand instead, should it fail.
    const jobs = listJobs(paths).map(({ state, reason, progress, error }) => ({ state, reason, progress, error }));
    expect(reached, `${what}: ${JSON.stringify(jobs)}`).toBe(true);
  }

  return {
    get far() {
      return far;
    },
    get host() {
      return host;
    },
    get paths() {
      return paths;
    },
    /** What the engine does in runs that begin from now on. */
    engineDoes: (behaviour: string) =>
      far.environment(`${environment()}FAKE_ENGINE=${behaviour}; export FAKE_ENGINE\n`),
    /** What is asked of Slurm for runs that begin from now on. */
    ask: (settings: SlurmSettings) => keepHost(paths, { ...host, slurm: { ...slurm, ...settings } }),
    /** The scripted engine on this machine. */
    engineHere: (name: 'flagembedding') => installScripted(engineFolder(paths, name), ENGINE, name),
    start(behaviour: string, name = 'mine'): Promise<JobView> {
      return this.startWork(behaviour, { kind: 'train-llm', ...training, name });
    },
    startOnNodes(behaviour: string, nodes: number): Promise<JobView> {
      return this.startWork(behaviour, { kind: 'train-llm', ...training, nodes });
    },
    startWork(behaviour: string, work: JobWork): Promise<JobView> {
      this.engineDoes(behaviour);
      return sshLauncher(paths, `${kind}:${alias}`).start(work);
    },
    eventsOf,
    logsOf: (job: JobView) => eventsOf(job).flatMap((event) => (event.type === 'log' ? [event.text] : [])),
    metric: (job: JobView, name: string) =>
      eventsOf(job).flatMap((event) =>
        event.type === 'metric' && event.name === name ? [[event.step, event.value]] : [],
      ),
    until,
    untilStep: (job: JobView, step: number) =>
      until(`step ${step}`, () => (readJob(paths, job.spec.id).progress?.done ?? 0) >= step),
    /** The engine's folder there. */
    output: (name = 'mine') => farTune(host, paths, name),
    letGo: (name = 'mine', how = '') => writeFileSync(path.join(farTune(host, paths, name), 'go'), how),
    /** What the engine printed: as it arrived here, and there. */
    printed: (job: JobView) => {
      const run = readFar(job.folder)?.run ?? '';
      return {
        here: textOf(jobFiles(job.folder).stdout),
        there: textOf(path.join(host.facts.root, 'runs', run, 'stdout.log')),
      };
    },
    kill(job: JobView, ...which: ('supervisor' | 'worker')[]): void {
      for (const one of which) {
        const identity = readJsonFile(jobFiles(job.folder)[one], identityFileSchema);
        process.kill(identity?.pid ?? 0, 'SIGKILL');
      }
    },
  };
}
