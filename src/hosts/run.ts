import { readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from '../jobs/folder.ts';
import { askAgent } from './agent.ts';
import { hostNameSchema, type KnownHost, type RunStatus, runStatusSchema } from './types.ts';

/** A program that is to run on a host. */
export interface RunRequest {
  readonly run: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Stands first on PATH there. */
  readonly pathFirst?: string;
  /** Absolute. */
  readonly cwd: string;
  /** Seconds from TERM to KILL. */
  readonly grace: number;
  /** Processes that are asked to stop stand so many generations below the program. */
  readonly depth: number;
  readonly gpus: number;
}

export const runFolder = ({ facts }: KnownHost, run: string): string => `${facts.root}/runs/${run}`;

/** Starts a run in a session of its own there; asking twice starts it once. */
export const startRun = (host: KnownHost, request: RunRequest): Promise<RunStatus> =>
  askAgent(host, { op: 'start', ...request, gpusThere: host.facts.gpus.length }, runStatusSchema);

export const runStatus = (host: KnownHost, run: string): Promise<RunStatus> =>
  askAgent(host, { op: 'status', run }, runStatusSchema);

/** Asks a run to end (TERM, and after its grace KILL), or ends it at once. Its keeper there sees to it, also without us. */
export const stopRun = (host: KnownHost, run: string, how: 'ask' | 'kill'): Promise<RunStatus> =>
  askAgent(host, { op: 'stop', run, kill: how === 'kill' }, runStatusSchema);

/**
 * `far.json`, in the folder of a job and of what it works on: which run on which host is theirs. `open`: it may go on
 * there, or what it left has not been brought here yet.
 */
export const farFileSchema = z.object({
  host: hostNameSchema,
  run: z.string().regex(/^[A-Za-z0-9._-]+$/),
  open: z.boolean(),
});
export type FarFile = z.infer<typeof farFileSchema>;

const farFile = (folder: string): string => path.join(folder, 'far.json');
export const readFar = (folder: string): FarFile | undefined => readJsonFile(farFile(folder), farFileSchema);
export const keepFar = (folder: string, far: FarFile): void => writeJsonFile(farFile(folder), far, { durable: true });

/** Nothing of a run is left there that is not here: whichever jobs began or followed it have no part in it any more. */
export function closeFar(jobs: string, run: string): void {
  for (const name of readdirSync(jobs)) {
    const far = readFar(path.join(jobs, name));
    if (far?.open && far.run === run) keepFar(path.join(jobs, name), { ...far, open: false });
  }
}

const LIVES: readonly RunStatus['state'][] = ['queued', 'running'];
export const runLives = ({ state }: RunStatus): boolean => LIVES.includes(state);
