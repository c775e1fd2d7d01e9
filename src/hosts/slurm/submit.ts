import { z } from 'zod';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { askAgent } from '../agent.ts';
import { type RunRequest, runFolder } from '../run.ts';
import { type KnownHost, type RunStatus, runStatusSchema } from '../types.ts';
import { type BatchJob, batchOptions, batchScript, templateFor } from './script.ts';

/** A program that Slurm is to run. */
export interface SlurmRequest extends RunRequest {
  /** The engine's folder there: checkpoints are looked for in it. */
  readonly output: string;
  /** The file there that the engine writes a line a step into. */
  readonly rows: string;
  /** So many at once, one of the program on each; absent: one. */
  readonly nodes?: number;
}

/** sbatch has its own time limit there; ours is longer. */
const SUBMIT_MS = 90_000;

/**
 * Hands a run to Slurm; asking twice hands it in once. Errors: `invalid` when Slurm refuses it or the template is wrong,
 * `network` when its controller cannot be reached, `unavailable` without a Slurm.
 */
export function submitRun(host: KnownHost, paths: WorkspacePaths, request: SlurmRequest): Promise<RunStatus> {
  const asked = { op: 'slurm_submit', ...aloneOf(host, paths, request) };
  return askAgent(host, asked, runStatusSchema, { timeoutMs: SUBMIT_MS });
}

/** Runs that Slurm is to take as one array job. */
export interface ArrayRequest {
  /** Name of the array, of Slurm's job too. */
  readonly array: string;
  /** So many of its tasks run at once; absent: as many as there is room for. */
  readonly atOnce?: number | undefined;
  readonly members: readonly { readonly index: number; readonly request: SlurmRequest }[];
}

const arraySchema = z.object({
  /** Null: fewer than two were left that Slurm did not have already. */
  job: z.string().nullable(),
  /** Indices of its tasks. */
  tasks: z.array(z.number().int()),
});
export type SubmittedArray = z.infer<typeof arraySchema>;

/**
 * Hands runs to Slurm as one array job, a task each; asking twice hands it in once. They must ask for the same (`wishOf`).
 * Errors: as `submitRun`; refused, each can still be handed in alone.
 */
export function submitArray(host: KnownHost, paths: WorkspacePaths, request: ArrayRequest): Promise<SubmittedArray> {
  const { array, atOnce, members } = request;
  const [first] = members;
  if (!first) return Promise.resolve({ job: null, tasks: [] });
  const folder = `${host.facts.root}/arrays/${array}`;
  // Behind the program: the arguments of a command have a limit.
  const input = Buffer.from(
    JSON.stringify(members.map(({ index, request: one }) => ({ index, ...aloneOf(host, paths, one) }))),
  );
  const asked = {
    op: 'slurm_submit_array',
    array,
    script: scriptOf(host, paths, first.request, keeperCommandIn(host, folder, { array })),
    options: optionsOf(host, first.request, { run: array, folder, isArray: true }),
    membersBytes: input.length,
    ...(atOnce === undefined ? {} : { atOnce }),
  };
  return askAgent(host, asked, arraySchema, { timeoutMs: SUBMIT_MS, input });
}

/** A run with all that it needs to be handed in by itself. */
const aloneOf = (host: KnownHost, paths: WorkspacePaths, request: SlurmRequest) => ({
  ...request,
  ...containerOf(host, request),
  script: scriptOf(host, paths, request, keeperCommand(host, request.run)),
  options: optionsOf(host, request, { run: request.run, folder: runFolder(host, request.run) }),
});

const optionsOf = (
  host: KnownHost,
  { gpus, nodes = 1 }: SlurmRequest,
  where: Pick<BatchJob, 'run' | 'folder' | 'isArray'>,
) => batchOptions({ ...where, gpus, nodes }, host.slurm ?? {});

/** On several nodes it stands before what runs on each: the keeper needs Slurm's commands. */
const containerOf = ({ slurm: { container } = {} }: KnownHost, { nodes = 1 }: SlurmRequest) =>
  nodes > 1 && container !== undefined ? { container } : {};

function scriptOf(
  host: KnownHost,
  paths: WorkspacePaths,
  { nodes = 1 }: SlurmRequest,
  command: readonly string[],
): string {
  const { container: _, ...bare } = host.slurm ?? {};
  return batchScript(templateFor(paths, host.name, host.slurm), nodes > 1 ? bare : (host.slurm ?? {}), command);
}

/** What a run asks of Slurm, whichever run it is: only those that ask for the same can be tasks of one array. */
export const wishOf = (host: KnownHost, request: SlurmRequest): string =>
  optionsOf(host, request, { run: '', folder: '' }).join('\n');

/** What the job runs: the agent's own text, as a file that its first call left. */
export const keeperCommand = (host: KnownHost, run: string): string[] =>
  keeperCommandIn(host, runFolder(host, run), { run });

function keeperCommandIn({ facts }: KnownHost, folder: string, of: { run: string } | { array: string }): string[] {
  const request = Buffer.from(JSON.stringify({ op: 'slurm_keep', root: facts.root, ...of })).toString('base64url');
  // Python wants the padding.
  const padded = request + '='.repeat((4 - (request.length % 4)) % 4);
  return [facts.python?.command ?? 'python3', `${folder}/keeper.py`, '0', padded];
}
