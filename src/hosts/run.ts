import { RagtuiError } from '../platform/errors.ts';
import { askAgent } from './agent.ts';
import { standingOf } from './slurm/standing.ts';
import { type KnownHost, type RunStatus, runStatusSchema } from './types.ts';

/** A program that is to run on a host. */
export interface RunRequest {
  readonly run: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Of its environment too; sent apart, since others on both machines see arguments. */
  readonly secrets?: Readonly<Record<string, string>>;
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
export function startRun(host: KnownHost, { secrets, ...request }: RunRequest): Promise<RunStatus> {
  const input = Buffer.from(secrets ? JSON.stringify(secrets) : '');
  const asked = { op: 'start', ...request, secretBytes: input.length, gpusThere: host.facts.gpus.length };
  return askAgent(host, asked, runStatusSchema, { input });
}

/** How a run stands, whoever started it there. Errors: `network` also when Slurm cannot be asked. */
export async function runStatus(host: KnownHost, run: string): Promise<RunStatus> {
  return standingThere(host, await askAgent(host, { op: 'status', run }, runStatusSchema));
}

function standingThere(host: KnownHost, status: RunStatus): RunStatus {
  if (!status.slurm) return status;
  const standing = standingOf(status, status.slurm);
  if (standing.unreached === '' || standing.state === 'over') return standing;
  throw new RagtuiError('network', `Slurm on ${host.name} cannot be asked: ${standing.unreached}.`);
}

/** Asks a run to end (TERM, and after its grace KILL), or ends it at once. Its keeper there sees to it, also without us. */
export const stopRun = (host: KnownHost, run: string, how: 'ask' | 'kill'): Promise<RunStatus> =>
  askAgent(host, { op: 'stop', run, kill: how === 'kill' }, runStatusSchema);

const LIVES: readonly RunStatus['state'][] = ['queued', 'running'];
export const runLives = ({ state }: RunStatus): boolean => LIVES.includes(state);
