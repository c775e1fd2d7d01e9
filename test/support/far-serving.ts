import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { cleanHost } from '../../src/hosts/clean.ts';
import type { KnownHost } from '../../src/hosts/types.ts';
import { stopJob } from '../../src/jobs/control.ts';
import { listJobs } from '../../src/jobs/registry.ts';
import { isOver } from '../../src/jobs/types.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { addFarHost, type FarHost, installFarEngine, startFarHost } from './far-host.ts';
import { ensureBuilt } from './models.ts';

const VLLM = path.join(packageRoot(), 'test', 'support', 'fake-vllm.js');
const LOGS = fileURLToPath(new URL('../unit/serving/vllm-logs', import.meta.url));

export interface FarServing {
  readonly far: FarHost;
  readonly host: KnownHost;
  readonly home: string;
  readonly paths: WorkspacePaths;
}

/** A workspace, and a host behind a real sshd with vLLM's stand-in, anew for each test; `prepare` gets them. */
export function useFarServing(prepare: (world: FarServing) => void | Promise<void>): void {
  let far: FarHost;
  let world: FarServing;
  beforeAll(async () => {
    ensureBuilt();
    far = await startFarHost();
  });
  afterAll(() => far.remove());
  beforeEach(async () => {
    const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui far '));
    const paths = workspacePaths(home, {});
    ensureWorkspace(paths);
    const host = await addFarHost(paths, 'far');
    installFarEngine(host, VLLM, 'vllm');
    vllmDoes(far, 'serve');
    world = { far, host, home, paths };
    await prepare(world);
  });
  afterEach(async () => {
    const { host, home, paths } = world;
    far.start();
    for (const job of listJobs(paths)) if (!isOver(job.state) || job.far?.open) await stopJob(paths, job.spec.id);
    await cleanHost(host, { stop: true });
    rmSync(home, { recursive: true, force: true });
  });
}

/** What the stand-in does in runs that begin from now on. */
export const vllmDoes = (far: FarHost, how: string): void =>
  far.environment(`FAKE_VLLM=${how}; FAKE_VLLM_LOGS='${LOGS}'; export FAKE_VLLM FAKE_VLLM_LOGS\n`);
