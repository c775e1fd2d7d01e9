import { lstatSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { JOB_GPUS, JOB_MARK } from '../jobs/identity.ts';
import { errnoOf, RagtuiError } from '../platform/errors.ts';

const CONNECT_SECONDS = 10;
const ALIVE_SECONDS = 5;
const TIMEOUT_MS = 60_000;
/** Most that is kept of an answer. */
const MAX_ANSWER = 16 * 1024 * 1024;

/** Options of every connection: the user's own ssh with its config; nobody is asked for a password; one connection for all. */
export function sshOptions(env: NodeJS.ProcessEnv = process.env): string[] {
  const config = env['RAGTUI_SSH_CONFIG'];
  return [
    ...(config ? ['-F', config] : []),
    ...option('BatchMode', 'yes'),
    ...option('ConnectTimeout', String(CONNECT_SECONDS)),
    ...option('ServerAliveInterval', String(ALIVE_SECONDS)),
    ...option('ServerAliveCountMax', '3'),
    ...option('ControlMaster', 'auto'),
    ...option('ControlPath', path.join(controlFolder(), '%C')),
    ...option('ControlPersist', '60'),
    ...option('ForwardX11', 'no'),
    ...option('ClearAllForwardings', 'yes'),
    // One of the user's config would stand in the way of ours.
    ...option('RemoteCommand', 'none'),
    '-T',
  ];
}

/**
 * The environment of ssh and rsync: without the job's mark, since they are no part of its work (a shared connection is
 * that of other jobs too).
 */
export const sshEnvironment = (): NodeJS.ProcessEnv => ({ [JOB_MARK]: undefined, [JOB_GPUS]: undefined });

const option = (name: string, value: string): string[] => ['-o', `${name}=${value}`];

/** Sockets of connections: a short path (108 bytes are the limit), in a folder that is ours alone. */
function controlFolder(): string {
  const folder = path.join(process.platform === 'linux' ? '/tmp' : os.tmpdir(), `ragtui-${os.userInfo().uid}-ssh`);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== process.geteuid?.() || (found.mode & 0o077) !== 0) {
    throw new RagtuiError('permission', `${folder} is not a folder of this user alone.`, 'Move it away.');
  }
  return folder;
}

export interface RemoteOptions {
  readonly input?: Buffer;
  readonly signal?: AbortSignal;
  /** 0: no limit. */
  readonly timeoutMs?: number;
}

/** What is given to `ssh`: the host stands behind `--`, so that it is never taken for an option. */
export const sshArguments = (host: string, command: string): string[] => [...sshOptions(), '--', host, command];

/** Runs a command of ours on a host and returns what it printed. Throws what `sshFault` makes of a failure, `cancelled`. */
export async function runThere(host: string, command: string, options: RemoteOptions = {}): Promise<Buffer> {
  const { input, signal, timeoutMs = TIMEOUT_MS } = options;
  const result = await execa('ssh', sshArguments(host, command), {
    env: sshEnvironment(),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    encoding: 'buffer',
    maxBuffer: MAX_ANSWER,
    reject: false,
    stripFinalNewline: false,
    ...(timeoutMs > 0 ? { timeout: timeoutMs } : {}),
    ...(signal ? { cancelSignal: signal } : {}),
  });
  if (result.isCanceled) throw new RagtuiError('cancelled', 'Cancelled.');
  const stderr = Buffer.from(result.stderr).toString('utf8');
  if (result.failed) throw sshFault(host, { code: result.exitCode ?? null, stderr, timedOut: result.timedOut });
  return Buffer.from(result.stdout);
}

/** Starts a command whose output is read as it comes. The caller awaits it; it never rejects. */
export function streamThere(host: string, command: string, input: Buffer, signal: AbortSignal) {
  return execa('ssh', sshArguments(host, command), {
    env: sshEnvironment(),
    input,
    buffer: { stdout: false, stderr: true },
    encoding: 'buffer',
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 1000,
  });
}

export interface SshEnd {
  readonly code: number | null;
  readonly stderr: string;
  readonly timedOut?: boolean;
}

interface Fault {
  readonly pattern: RegExp;
  readonly code: 'permission' | 'network' | 'not-found' | 'unavailable';
  readonly message: string;
  readonly hint: string;
}

const FAULTS: readonly Fault[] = [
  {
    pattern: /permission denied|too many authentication failures|no supported authentication/i,
    code: 'permission',
    message: 'it lets nobody in without a password',
    hint: 'ragtui types no passwords: make `ssh -o BatchMode=yes HOST true` work first (a key, an agent).',
  },
  {
    pattern: /host key verification failed|remote host identification has changed/i,
    code: 'permission',
    message: 'its host key is not the one that ssh knows',
    hint: 'Connect once by hand with `ssh HOST` and look at the key.',
  },
  {
    pattern: /could not resolve hostname/i,
    code: 'not-found',
    message: 'ssh does not know a host of that name',
    hint: 'Name a host of your ssh config (~/.ssh/config).',
  },
  {
    pattern: /bad configuration option|terminating, \d+ bad configuration|no such file or directory.*config/i,
    code: 'unavailable',
    message: 'ssh refuses its own configuration',
    hint: 'Mend it: `ssh -G HOST` tells where.',
  },
];

/** Why a command on a host failed. `network`: the host could not be reached, or was lost on the way. Pure. */
export function sshFault(host: string, { code, stderr, timedOut = false }: SshEnd): RagtuiError {
  const line = tellingLine(stderr);
  const found = FAULTS.find(({ pattern }) => code === 255 && pattern.test(stderr));
  if (found) {
    const said = line ? ` (${line})` : '';
    return new RagtuiError(
      found.code,
      `${host} cannot be used: ${found.message}${said}.`,
      found.hint.replaceAll('HOST', host),
    );
  }
  if (code === 255 || code === null || timedOut) {
    const why = timedOut ? 'it does not answer' : line || 'the connection broke';
    return new RagtuiError('network', `${host} cannot be reached: ${why}.`, `Try "ssh ${host}" by hand.`);
  }
  const why = line ? `: ${line}` : '';
  return new RagtuiError('unavailable', `A command on ${host} failed with exit code ${code}${why}.`);
}

function tellingLine(text: string): string {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line && !/^(warning:|\*\*|mux_client|control socket)/i.test(line));
  const line = lines.findLast((one) =>
    /denied|refused|timed out|resolve|verification|closed|reset|error|not found/i.test(one),
  );
  return (line ?? lines.at(-1) ?? '').slice(0, 200).replace(/\.$/, '');
}

/** Ends the shared connection: one that hangs would take every new command with it. Never throws. */
export async function dropConnection(host: string): Promise<void> {
  await execa('ssh', [...sshOptions(), '-O', 'exit', '--', host], {
    env: sshEnvironment(),
    reject: false,
    timeout: 3000,
    stdin: 'ignore',
  });
}
