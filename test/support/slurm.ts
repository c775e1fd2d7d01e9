import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/platform/entry.ts';

const SCRIPT = path.join(packageRoot(), 'scripts', 'cluster', 'slurm.sh');
const PROGRAMS = ['slurmctld', 'slurmd', 'munged', 'sbatch'];

/** Whether there is a Slurm to start; tests say in their names that they are skipped without one. */
export const slurmIsHere =
  process.getuid?.() === 0 &&
  PROGRAMS.every((one) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin; command -v ${one}`]).status === 0);
export const withSlurm = slurmIsHere ? 'real Slurm' : 'real Slurm: skipped, it is not installed or we are not root';

/** Two nodes, n1 and n2, on loopback. */
export interface TestSlurm {
  readonly folder: string;
  /** What a shell needs to reach it. */
  readonly environment: string;
  /** A command of Slurm's; what it printed. */
  command(program: string, ...args: string[]): string;
  controller(what: 'up' | 'down'): void;
  /** `lost`: its daemon and all that its jobs are is killed, as when its power is cut. */
  node(name: string, what: 'up' | 'lost'): void;
  remove(): void;
}

export async function startSlurm(): Promise<TestSlurm> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-slurm-'));
  const conf = path.join(folder, 'slurm.conf');
  const run = (...args: string[]) => execFileSync('sh', [SCRIPT, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  run('start', folder, String(await freePorts(3)));
  return {
    folder,
    environment: `SLURM_CONF='${conf}'; export SLURM_CONF\n`,
    command: (program, ...args) =>
      execFileSync(program, args, { encoding: 'utf8', timeout: 20_000, env: { ...process.env, SLURM_CONF: conf } }),
    controller: (what) => run(`controller-${what}`, folder),
    node: (name, what) => run(`node-${what}`, folder, name),
    remove: () => {
      run('stop', folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The first of so many ports in a row that are free. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const servers = Array.from({ length: count }, (_, index) => net.createServer().listen(first + index, '127.0.0.1'));
    const free = await Promise.all(
      servers.map(
        (server) =>
          new Promise<boolean>((resolve) =>
            server.once('listening', () => resolve(true)).once('error', () => resolve(false)),
          ),
      ),
    );
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    if (free.every(Boolean)) return first;
  }
}
