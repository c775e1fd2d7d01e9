import type { WorkspacePaths } from '../../platform/paths.ts';
import { askAgent } from '../agent.ts';
import { type RunRequest, runFolder } from '../run.ts';
import { type KnownHost, type RunStatus, runStatusSchema } from '../types.ts';
import { batchOptions, batchScript, templateFor } from './script.ts';

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
  const settings = host.slurm ?? {};
  const folder = runFolder(host, request.run);
  const { nodes = 1 } = request;
  const job = { run: request.run, folder, gpus: request.gpus, nodes };
  // On several nodes it stands before what runs on each: the keeper needs Slurm's commands.
  const { container, ...bare } = settings;
  const asked = {
    op: 'slurm_submit',
    ...request,
    ...(nodes > 1 && container !== undefined ? { container } : {}),
    script: batchScript(
      templateFor(paths, host.name, settings),
      nodes > 1 ? bare : settings,
      keeperCommand(host, request.run),
    ),
    options: batchOptions(job, settings),
  };
  return askAgent(host, asked, runStatusSchema, { timeoutMs: SUBMIT_MS });
}

/** What the job runs: the agent's own text, as a file that its first call left. */
export function keeperCommand(host: KnownHost, run: string): string[] {
  const { facts } = host;
  const request = Buffer.from(JSON.stringify({ op: 'slurm_keep', root: facts.root, run })).toString('base64url');
  // Python wants the padding.
  const padded = request + '='.repeat((4 - (request.length % 4)) % 4);
  return [facts.python?.command ?? 'python3', `${runFolder(host, run)}/keeper.py`, '0', padded];
}
