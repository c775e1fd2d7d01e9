import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { identityFileSchema, jobFiles, readJsonFile, writeJsonFile } from '../folder.ts';
import { jobProcesses, livingIdentity, livingProcess } from '../identity.ts';
import { jobIdSchema } from '../types.ts';

/** A job's place in the queue for devices, and the devices it has. One file each, in a folder of the machine's user. */
export const claimSchema = z.object({
  version: z.literal(1),
  /** Place in the queue: counted, since clocks can be set back. */
  ticket: z.number().int().positive(),
  job: jobIdSchema,
  name: z.string(),
  /** The job's folder: claims of all workspaces stand together. */
  folder: z.string(),
  supervisor: identityFileSchema,
  /** How many of which devices it wants. */
  count: z.number().int().positive(),
  among: z.array(z.string()),
  /** What it has; empty while it waits. */
  held: z.array(z.string()),
});
export type Claim = z.infer<typeof claimSchema>;

export const claimFile = (folder: string, job: string): string => path.join(folder, `${job}.json`);

export function writeClaim(folder: string, claim: Claim): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeJsonFile(claimFile(folder, claim.job), claim);
}

/** Claims by place in the queue. Those of dead jobs are removed on the way: call it with the lock of the queue. */
export function liveClaims(folder: string, lives: (claim: Claim) => boolean = claimLives): Claim[] {
  const { live, dead } = readClaims(folder, lives);
  for (const file of dead) rmSync(file, { force: true });
  return live;
}

/** Claims by place in the queue, and files of those that count no more. Changes nothing: needs no lock. */
export function readClaims(
  folder: string,
  lives: (claim: Claim) => boolean = claimLives,
): { readonly live: Claim[]; readonly dead: readonly string[] } {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  const live: Claim[] = [];
  const dead: string[] = [];
  for (const name of names) {
    const file = path.join(folder, name);
    const claim = readJsonFile(file, claimSchema);
    if (claim && lives(claim)) live.push(claim);
    else dead.push(file);
  }
  return { live: live.sort((a, b) => a.ticket - b.ticket), dead };
}

/**
 * Whether a claim still counts. Who waits must live itself; what is held is given up only when the last process of the
 * job is gone: an engine goes on using its GPU after both of its keepers were killed.
 */
export function claimLives({ supervisor, held, folder, job }: Claim): boolean {
  if (livingIdentity(supervisor)) return true;
  if (held.length === 0) return false;
  return livingProcess(jobFiles(folder).worker) !== undefined || jobProcesses(job).length > 0;
}
