import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import type { EngineName } from '../engines/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { parseJson } from '../platform/json.ts';
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

export function keepHost(paths: WorkspacePaths, host: Host): void {
  const others = listHosts(paths).filter(({ name }) => name !== host.name);
  const hosts = [...others, hostSchema.parse(host)].sort((a, b) => a.name.localeCompare(b.name));
  writeJsonAtomic(hostsFile(paths), { version: 1, hosts });
}

/**
 * Keeps what was learned of a host; all else stays as it is now, and not as it was when the asking began. One that was
 * forgotten meanwhile is not put back: undefined.
 */
export function keepLearned(
  paths: WorkspacePaths,
  name: string,
  learned: Partial<Pick<Host, 'facts' | 'installed'>>,
): Host | undefined {
  const host = findHost(paths, name);
  if (!host) return undefined;
  const changed = { ...host, ...learned };
  keepHost(paths, changed);
  return changed;
}

/** Lets a host take no new jobs, or take them again. What runs there goes on. Errors: `not-found`. */
export function drainHost(paths: WorkspacePaths, name: string, drained: boolean, now = new Date()): Host {
  const host = findHost(paths, name);
  if (!host)
    throw new RagtuiError('not-found', `There is no host ${name} in this workspace.`, 'See "ragtui hosts list".');
  const { drainedAt = now.toISOString(), ...rest } = host;
  const changed = drained ? { ...rest, drainedAt } : rest;
  keepHost(paths, changed);
  return changed;
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
export function forgetHost(paths: WorkspacePaths, name: string): void {
  const hosts = listHosts(paths);
  const left = hosts.filter((host) => host.name !== hostName(name));
  if (left.length === hosts.length) throw new RagtuiError('not-found', `There is no host ${name} in this workspace.`);
  writeJsonAtomic(hostsFile(paths), { version: 1, hosts: left });
}

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
