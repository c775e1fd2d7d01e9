import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopJob } from '../../src/jobs/control.ts';
import { ensureWorkspace, type WorkspacePaths } from '../../src/platform/paths.ts';
import { listServers } from '../../src/serving/servers.ts';
import { installFakeVllm } from './install-fake-vllm.ts';
import { pathsWithModels } from './models.ts';

/** A workspace (with a space in its path) where vLLM is a stand-in that replays recorded logs; `FAKE_VLLM` tells it what to do. */
export class VllmWorkspace {
  readonly home = mkdtempSync(path.join(os.tmpdir(), 'ragtui vllm-'));
  readonly paths: WorkspacePaths = { ...pathsWithModels(this.home), engines: path.join(this.home, 'engines') };

  constructor() {
    ensureWorkspace(this.paths);
    installFakeVllm(this.paths);
    process.env['FAKE_VLLM_LOGS'] = fileURLToPath(new URL('../unit/serving/vllm-logs', import.meta.url));
  }

  /** Stops its servers and removes the folder. */
  async remove(): Promise<void> {
    for (const { job } of listServers(this.paths)) await stopJob(this.paths, job.spec.id);
    delete process.env['FAKE_VLLM'];
    delete process.env['FAKE_VLLM_LOGS'];
    rmSync(this.home, { recursive: true, force: true });
  }
}
