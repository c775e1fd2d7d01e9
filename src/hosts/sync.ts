import { mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { execa } from 'execa';
import { z } from 'zod';
import { RagtuiError } from '../platform/errors.ts';
import { hashFile } from '../platform/files.ts';
import { agentCommand, askAgent } from './agent.ts';
import { sshArguments, sshEnvironment, sshFault, sshOptions } from './ssh.ts';
import type { KnownHost } from './types.ts';

export interface SyncOptions {
  readonly signal?: AbortSignal;
  readonly onLog?: (text: string) => void;
  /** Names of files and folders that are left out; `*` at the end stands for any rest. */
  readonly exclude?: readonly string[];
}

const hashesSchema = z.record(z.string(), z.tuple([z.number(), z.string()]));
export type Hashes = z.infer<typeof hashesSchema>;

/** rsync's code for files that vanished while it looked. */
const VANISHED = 24;

/**
 * Makes a folder there like one here: only what changed is sent, what is not here is deleted there. By rsync, or by tar
 * over ssh where one side has none. Errors: `network`, `disk-full`, `unavailable`.
 */
export async function pushFolder(host: KnownHost, from: string, to: string, options: SyncOptions = {}): Promise<void> {
  await askAgent(host, { op: 'make', folders: [to] }, z.object({ free: z.number() }), signalOf(options));
  if (await hasRsync(host))
    return rsync(host, [`${from}/`, `${host.name}:${to}/`], ['--delete', ...excluded(options)], options);
  const there = await hashesThere(host, to, options);
  const here = await hashesHere(from, options);
  const changed = Object.keys(here).filter((name) => here[name]?.[1] !== there[name]?.[1]);
  const gone = Object.keys(there).filter((name) => !(name in here) && !isExcluded(name, options));
  if (gone.length > 0) {
    const names = gone.map((name) => path.posix.relative(host.facts.root, `${to}/${name}`));
    await askAgent(host, { op: 'drop', names }, z.unknown(), signalOf(options));
  }
  if (changed.length > 0) await tarThere(host, from, changed, to, options);
}

/** Brings a folder here, what is not there is left alone here. `names`: only these. Verified by hash against the host. */
export async function pullFolder(
  host: KnownHost,
  from: string,
  to: string,
  options: SyncOptions & { readonly names?: readonly string[] } = {},
): Promise<void> {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const there = await hashesThere(host, from, options);
  const wanted = Object.keys(there).filter((name) => !isExcluded(name, options));
  if (await hasRsync(host)) {
    await rsync(host, [`${host.name}:${from}/`, `${to}/`], ['--files-from=-'], options, wanted.join('\n'));
  } else {
    const here = await hashesHere(to, {});
    const changed = wanted.filter((name) => here[name]?.[1] !== there[name]?.[1]);
    if (changed.length > 0) await tarHere(host, from, changed, to, options);
  }
  const here = await hashesHere(to, {}, wanted);
  const torn = wanted.find((name) => here[name]?.[1] !== there[name]?.[1]);
  if (torn !== undefined) {
    throw new RagtuiError('checksum', `${torn} of ${host.name} arrived as something else.`, 'Try again.');
  }
}

export const signalOf = ({ signal }: SyncOptions) => (signal ? { signal } : {});
const excluded = ({ exclude = [] }: SyncOptions): string[] => exclude.map((name) => `--exclude=${name}`);
const isExcluded = (name: string, { exclude = [] }: SyncOptions): boolean =>
  name.split('/').some((part) => exclude.some((pattern) => matches(pattern, part)));

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

async function hasRsync(host: KnownHost): Promise<boolean> {
  if (!host.facts.rsync || process.env['RAGTUI_NO_RSYNC'] === '1') return false;
  const { failed } = await execa('rsync', ['--version'], { reject: false, stdio: 'ignore', timeout: 5000 });
  return !failed;
}

async function rsync(
  host: KnownHost,
  [from, to]: readonly [string, string],
  extra: readonly string[],
  options: SyncOptions,
  input?: string,
): Promise<void> {
  // Links are followed: caches of models are made of them. A word with a blank stands in quotes for rsync's own parser.
  const transport = ['ssh', ...sshOptions()].map((word) => (/\s/.test(word) ? `"${word}"` : word)).join(' ');
  const args = [
    '-rtL',
    '--protect-args',
    '--partial',
    '--stats',
    '--chmod=D700,F600',
    '-e',
    transport,
    ...extra,
    from,
    to,
  ];
  const result = await execa('rsync', args, {
    env: sshEnvironment(),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    reject: false,
    ...(options.signal ? { cancelSignal: options.signal } : {}),
  });
  if (result.isCanceled) throw new RagtuiError('cancelled', 'Cancelled.');
  if (result.failed && result.exitCode !== VANISHED)
    throw rsyncFault(host.name, result.exitCode ?? null, result.stderr);
  const sent = /Total transferred file size: ([\d,.]+)/.exec(result.stdout)?.[1] ?? '?';
  options.onLog?.(`rsync with ${host.name}: ${sent} bytes of files that changed`);
}

/** Why a copy failed. Pure. */
export function rsyncFault(host: string, code: number | null, stderr: string): RagtuiError {
  if (/no space left on device|disk quota exceeded|errno 28/i.test(stderr)) {
    return new RagtuiError(
      'disk-full',
      `The disk of ${host} (or of this machine) is full.`,
      'Free some space, then go on: what arrived is kept.',
    );
  }
  // ssh's own failure, a broken connection, a timeout; but also a folder that is gone there.
  if (
    !/no such file or directory/i.test(stderr) &&
    (code === 255 || code === 12 || code === 10 || code === 30 || code === null)
  ) {
    return sshFault(host, { code: 255, stderr });
  }
  const line = stderr.split('\n').find((one) => one.trim() !== '') ?? '';
  return new RagtuiError('unavailable', `rsync with ${host} failed (code ${code}): ${line.slice(0, 200)}`);
}

async function tarThere(
  host: KnownHost,
  from: string,
  names: readonly string[],
  to: string,
  { signal, onLog }: SyncOptions,
): Promise<void> {
  const { command, input } = agentCommand(host, { op: 'receive', root: host.facts.root, folder: to });
  const stdin = new PassThrough();
  stdin.write(input);
  const cancel = signal ? { cancelSignal: signal } : {};
  const tar = execa('tar', ['-C', from, '--dereference', '-cf', '-', '--null', '-T', '-'], {
    input: names.join('\0'),
    encoding: 'buffer',
    buffer: { stdout: false, stderr: true },
    reject: false,
    ...cancel,
  });
  const ssh = execa('ssh', sshArguments(host.name, command), {
    env: sshEnvironment(),
    stdin: 'pipe',
    reject: false,
    ...cancel,
  });
  tar.stdout.pipe(stdin).pipe(ssh.stdin);
  ssh.stdin.on('error', () => {}); // Its end is told by its exit code.
  const [packed, result] = await Promise.all([tar, ssh]);
  if (result.isCanceled || packed.isCanceled) throw new RagtuiError('cancelled', 'Cancelled.');
  const failed = /"error": \{"code": "([^"]+)", "message": "([^"]*)"/.exec(result.stdout);
  if (failed) throw rsyncFault(host.name, 1, failed[2] ?? '');
  if (result.failed) throw sshFault(host.name, { code: result.exitCode ?? null, stderr: result.stderr });
  onLog?.(`tar over ssh to ${host.name}: ${names.length} files that changed`);
}

async function tarHere(
  host: KnownHost,
  from: string,
  names: readonly string[],
  to: string,
  { signal, onLog }: SyncOptions,
): Promise<void> {
  const { command, input } = agentCommand(host, { op: 'send', root: host.facts.root, folder: from, names });
  const cancel = signal ? { cancelSignal: signal } : {};
  const ssh = execa('ssh', sshArguments(host.name, command), {
    env: sshEnvironment(),
    input,
    encoding: 'buffer',
    buffer: { stdout: false, stderr: true },
    reject: false,
    ...cancel,
  });
  const tar = execa('tar', ['-C', to, '-xf', '-'], { stdin: 'pipe', reject: false, ...cancel });
  ssh.stdout.pipe(tar.stdin);
  tar.stdin.on('error', () => {});
  const [sent, unpacked] = await Promise.all([ssh, tar]);
  if (sent.isCanceled || unpacked.isCanceled) throw new RagtuiError('cancelled', 'Cancelled.');
  if (sent.failed)
    throw sshFault(host.name, { code: sent.exitCode ?? null, stderr: Buffer.from(sent.stderr).toString() });
  if (unpacked.failed) throw rsyncFault('this machine', unpacked.exitCode ?? null, unpacked.stderr);
  onLog?.(`tar over ssh from ${host.name}: ${names.length} files`);
}

/** Size and sha256 of every file below a folder there, or of those that are named. */
export function hashesThere(
  host: KnownHost,
  folder: string,
  { names, ...options }: SyncOptions & { readonly names?: readonly string[] },
): Promise<Hashes> {
  const asked = { op: 'hashes', folder, ...(names === undefined ? {} : { names }) };
  return askAgent(host, asked, hashesSchema, { ...signalOf(options), timeoutMs: 0 });
}

/** Size and sha256 of every file below a folder here, links followed. */
export async function hashesHere(folder: string, options: SyncOptions, names = filesBelow(folder)): Promise<Hashes> {
  const found: Hashes = {};
  for (const name of names) {
    if (isExcluded(name, options)) continue;
    const file = path.join(folder, name);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat?.isFile()) found[name] = [stat.size, await hashFile(file, options.signal)];
  }
  return found;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}
