import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import type { EngineName } from '../engines/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { parseJson } from '../platform/json.ts';
import { lockFile } from '../platform/lock.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type FarEngine, type Host, hostNameSchema, hostOf, hostSchema, type KnownHost } from './types.ts';

const fileSchema = z.object({ version: z.literal(1), hosts: z.array(hostSchema) });
const hostsFile = ({ home }: WorkspacePaths): string => path.join(home, 'hosts.json');

/** The hosts of a workspace, by name. Errors: `corrupt`. */
export function listHosts(paths: WorkspacePaths): Host[] {
  const file = hostsFile(paths);
  if (!existsSync(file)) return [];
  const parsed = fileSchema.safeParse(parseJson(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data.hosts;
  throw new RagtuiError('corrupt', `${file} cannot be read.`, 'Mend it, or delete it and add the hosts again.');
}

/** A host name, checked. Errors: `usage`. */
export function hostName(text: string): string {
  const parsed = hostNameSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new RagtuiError('usage', `"${text}" is no host name.`, `${parsed.error.issues[0]?.message ?? ''}.`);
}

export function findHost(paths: WorkspacePaths, name: string): Host | undefined {
  return listHosts(paths).find((host) => host.name === hostName(name));
}

/** A host that answered once. Errors: `not-found` with the command that looks at it. */
export function knownHost(paths: WorkspacePaths, name: string): KnownHost {
  const host = findHost(paths, name);
  if (host?.facts) return { ...host, facts: host.facts };
  const why = host ? `The host ${name} has not been looked at yet.` : `There is no host ${name} in this workspace.`;
  throw new RagtuiError('not-found', why, `Run "ragtui hosts check ${name}".`);
}

/** Adds a host, or puts it in place of the one of its name; one that is drained stays so. */
export async function keepHost(paths: WorkspacePaths, host: Host): Promise<void> {
  await change(paths, (hosts) => {
    const drainedAt = host.drainedAt ?? hosts.find(({ name }) => name === host.name)?.drainedAt;
    return withHost(hosts, { ...host, ...(drainedAt === undefined ? {} : { drainedAt }) });
  });
}

/**
 * Keeps what was learned of a host; all else stays as it is now, and not as it was when the asking began. One that was
 * forgotten meanwhile is not put back: undefined.
 */
export async function keepLearned(
  paths: WorkspacePaths,
  name: string,
  learned: Partial<Pick<Host, 'facts' | 'installed'>>,
): Promise<Host | undefined> {
  if (!findHost(paths, name)) return undefined;
  const hosts = await change(paths, (before) =>
    before.map((host) => (host.name === name ? { ...host, ...learned } : host)),
  );
  return hosts.find((host) => host.name === name);
}

/** Lets a host take no new jobs, or take them again. What runs there goes on. Errors: `not-found`. */
export async function drainHost(
  paths: WorkspacePaths,
  name: string,
  drained: boolean,
  now = new Date(),
): Promise<Host> {
  mustBeThere(paths, name);
  const hosts = await change(paths, (before) =>
    before.map((host) => {
      if (host.name !== name) return host;
      const { drainedAt = now.toISOString(), ...rest } = host;
      return drained ? { ...rest, drainedAt } : rest;
    }),
  );
  return hosts.find((host) => host.name === name) ?? mustBeThere(paths, name);
}

/** Why a host takes no new job; null: it does. */
export function whyDrained(paths: WorkspacePaths, name: string): string | null {
  const since = findHost(paths, name)?.drainedAt;
  return since === undefined ? null : `${name} is drained since ${since.slice(0, 16).replace('T', ' ')} UTC`;
}

/** Refuses a new job on a drained host. Errors: `unavailable`. */
export function refuseDrained(paths: WorkspacePaths, name: string): void {
  const why = whyDrained(paths, name);
  if (why === null) return;
  throw new RagtuiError(
    'unavailable',
    `${why}: it takes no new jobs.`,
    `Use another launcher, or "ragtui hosts undrain ${name}".`,
  );
}

/** Forgets a host. Errors: `not-found`. */
export async function forgetHost(paths: WorkspacePaths, name: string): Promise<void> {
  mustBeThere(paths, name);
  await change(paths, (hosts) => hosts.filter((host) => host.name !== name));
}

function mustBeThere(paths: WorkspacePaths, name: string): Host {
  const host = findHost(paths, name);
  if (host) return host;
  throw new RagtuiError('not-found', `There is no host ${name} in this workspace.`, 'See "ragtui hosts list".');
}

/** Writes other hosts in place of those that are kept now, under a lock: two programs at once lose none. Returns them. */
async function change(paths: WorkspacePaths, to: (hosts: readonly Host[]) => Host[]): Promise<Host[]> {
  const file = hostsFile(paths);
  const unlock = await lockFile(`${file}.lock`, { everyMs: 20 });
  try {
    const hosts = to(listHosts(paths));
    writeJsonAtomic(file, { version: 1, hosts });
    return hosts;
  } finally {
    unlock();
  }
}

/** With this host in place of the one of its name, by name. Pure. */
const withHost = (hosts: readonly Host[], host: Host): Host[] =>
  [...hosts.filter(({ name }) => name !== host.name), hostSchema.parse(host)].sort((a, b) =>
    a.name.localeCompare(b.name),
  );

/** The engine of a launcher's host as it was when the host was looked at last; undefined: it had none. Asks nobody. */
export const keptFarEngine = (paths: WorkspacePaths, launcher: string, name: EngineName): FarEngine | undefined =>
  findHost(paths, hostOf(launcher))?.installed.find((engine) => engine.name === name);

/** Stands in names of what lies on a host: workspaces that share an account there are told apart by it. */
export const workspaceMark = ({ home }: WorkspacePaths): string =>
  createHash('sha256').update(`${os.hostname()}\n${home}`).digest('hex').slice(0, 8);

/** Folder of a host's engines, absolute. */
export const farEngines = ({ engines, facts }: KnownHost): string =>
  engines === undefined ? `${facts.root}/engines` : absoluteThere(engines, facts.home);

/** `~/x` by the home that is there. */
export const absoluteThere = (text: string, home: string): string => text.replace(/^~(?=\/)/, home);
