import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { waitUntil } from '../../src/platform/processes.ts';

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((file) => existsSync(file));

/** What a test's name says where it cannot run; undefined = it can. */
export function whyNoSshd(): string | undefined {
  if (!SSHD) return 'no sshd here';
  return onPath('ssh') && onPath('ssh-keygen') ? undefined : 'no ssh client here';
}

/** Whether a program is on the path. */
export function onPath(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter(Boolean);
  return folders.some((folder) => existsSync(path.join(folder, program)));
}

export interface SshServer {
  readonly port: number;
  /** `ssh -F CONFIG testhost …`: keys, known host, no questions. */
  readonly config: string;
  /** What sshd said, for a failing test. */
  readonly log: () => string;
  /** A client configuration like `config` that goes to another port (a proxy before this server). */
  readonly configFor: (port: number) => string;
  /** Ends it and every session, and removes its folder. */
  readonly stop: () => Promise<void>;
}

/**
 * An OpenSSH server of its own on a free loopback port, for the user who runs the tests: keys made for it, no password,
 * no configuration of this machine read. Stop it in `afterAll`.
 */
export async function startSshd(): Promise<SshServer> {
  if (!SSHD) throw new Error('there is no sshd here');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-sshd-'));
  chmodSync(folder, 0o700);
  const at = (name: string): string => path.join(folder, name);
  for (const key of ['host', 'user']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)]);
  copyFileSync(at('user.pub'), at('authorized'));
  chmodSync(at('authorized'), 0o600);
  // Only a server of root's wants its empty folder.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const port = await freePort();
  const { username } = os.userInfo();
  const settings = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${at('host')}`,
    `AuthorizedKeysFile ${at('authorized')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    `AllowUsers ${username}`,
    'MaxSessions 40',
    'MaxStartups 40',
    'PrintMotd no',
    'PrintLastLog no',
    'AcceptEnv *',
    'Subsystem sftp internal-sftp',
  ];
  writeFileSync(at('sshd_config'), `${settings.join('\n')}\n`);
  const configFor = (to: number): string => {
    const file = at(`ssh_config.${to}`);
    const lines = [
      'Host testhost',
      'HostName 127.0.0.1',
      `Port ${to}`,
      `User ${username}`,
      `IdentityFile ${at('user')}`,
      'IdentitiesOnly yes',
      `UserKnownHostsFile ${at('known')}`,
      'HostKeyAlias testhost',
      'StrictHostKeyChecking yes',
      'BatchMode yes',
      'LogLevel ERROR',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  };
  writeFileSync(at('known'), `testhost ${readFileSync(at('host.pub'), 'utf8')}`);
  const child = spawn(SSHD, ['-D', '-f', at('sshd_config'), '-E', at('log')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const log = (): string => (existsSync(at('log')) ? readFileSync(at('log'), 'utf8') : '');
  if (!(await waitUntil(() => child.exitCode !== null || log().includes('listening'), 20_000)) || over(child)) {
    child.kill('SIGKILL');
    throw new Error(`sshd did not start: ${log()}`);
  }
  return {
    port,
    config: configFor(port),
    configFor,
    log,
    stop: async () => {
      if (!over(child)) {
        for (const session of childrenOf(child.pid ?? 0)) process.kill(session, 'SIGTERM');
        child.kill('SIGTERM');
      }
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const over = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** A port on loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = address && typeof address === 'object' ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** Processes whose parent is `parent`, from /proc. */
function childrenOf(parent: number): number[] {
  try {
    const text = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
