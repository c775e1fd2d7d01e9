import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { AgentFault, agentCommand } from './agent.ts';
import { type Frame, FrameReader, type MirroredFile } from './mirror.ts';
import { standingOf } from './slurm/standing.ts';
import { dropConnection, sshFault, streamThere } from './ssh.ts';
import type { KnownHost, RunStatus } from './types.ts';

/** The agent tells something every two seconds: whoever is silent for so long is not there. */
const SILENCE_MS = 20_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** Told when a host was lost (since when, and why) and when it is back. */
export type OnReach = (lost: { readonly since: Date; readonly why: string } | null) => void;

export interface FollowOptions {
  readonly run: string;
  /**
   * By a name of ours: the file there (absolute, or in the run's folder) and its copy here. `anew`: Slurm, when it begins
   * the run again, takes lines out of it.
   */
  readonly files: Readonly<
    Record<string, { readonly there: string; readonly here: MirroredFile; readonly anew?: boolean }>
  >;
  /** A folder whose checkpoints are told. */
  readonly checkpoints?: string;
  /** Ends the following, not the run. */
  readonly signal: AbortSignal;
  readonly onStatus?: (status: RunStatus, checkpoints: readonly string[]) => void;
  /** Slurm began the run again: its rows come again from the first one, up to this step, and go on from there. */
  readonly onAgain?: (step: number) => void;
  readonly onReach: OnReach;
}

/**
 * Follows a run until it is over, over as many connections as that takes: a host that cannot be reached is asked again and
 * again. Returns how it ended. Errors: those of the agent, of a full disk here; `cancelled` by the signal.
 */
export async function followRun(host: KnownHost, options: FollowOptions): Promise<RunStatus> {
  let lastSeen = new Date();
  let lost = false;
  let wait = FIRST_WAIT_MS;
  const seen: Seen = { session: undefined, over: undefined };
  for (;;) {
    const heard = () => {
      lastSeen = new Date();
      wait = FIRST_WAIT_MS;
      if (lost) options.onReach(null);
      lost = false;
    };
    const outcome = await connection(host, options, seen, heard);
    if ('end' in outcome) return seen.over && !outcome.end.result ? seen.over : outcome.end;
    if ('over' in outcome) {
      // What it printed last may not be here yet.
      seen.over = outcome.over;
      continue;
    }
    options.signal.throwIfAborted();
    if (!lost) options.onReach({ since: lastSeen, why: outcome.lost });
    lost = true;
    // A shared connection that hangs would take the next attempt with it.
    await dropConnection(host.name);
    await delay(wait, undefined, { signal: options.signal });
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  }
}

type Outcome = { readonly end: RunStatus } | { readonly over: RunStatus } | { readonly lost: string };

/** What the next connection begins with. */
interface Seen {
  /** The session of a Slurm job that our copies are of. */
  session: number | undefined;
  /** How Slurm ended it, where it said nothing of that itself: the rest is copied. */
  over: RunStatus | undefined;
}

async function connection(host: KnownHost, options: FollowOptions, seen: Seen, heard: () => void): Promise<Outcome> {
  const { run, files, checkpoints, signal } = options;
  const asked = Object.entries(files).map(([name, { there, here, anew = false }]) => [
    name,
    { path: there, from: here.offset, anew },
  ]);
  const { command, input } = agentCommand(host, {
    op: 'follow',
    root: host.facts.root,
    run,
    files: Object.fromEntries(asked),
    ...(checkpoints === undefined ? {} : { checkpoints }),
    ...(seen.session === undefined ? {} : { session: seen.session }),
    ...(seen.over ? { last: true } : {}),
  });
  const silence = new AbortController();
  const ssh = streamThere(host.name, command, input, AbortSignal.any([signal, silence.signal]));
  const reader = new FrameReader();
  let end: RunStatus | undefined;
  let over: RunStatus | undefined;
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  let failure: RagtuiError | undefined;
  ssh.stdout.on('data', (chunk: Buffer) => {
    try {
      for (const frame of reader.push(chunk)) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        heard();
        end = take(host, frame, options, seen) ?? end;
        if (frame.kind !== 'status' || seen.over || !frame.status.slurm || frame.status.state === 'over') continue;
        const standing = standingOf(frame.status, frame.status.slurm);
        if (standing.state !== 'over') continue;
        over = standing;
        silence.abort();
      }
    } catch (error) {
      failure = toRagtuiError(error);
      silence.abort();
    }
  });
  const result = await ssh;
  clearTimeout(timer);
  if (failure) throw failure;
  if (end) return { end };
  if (over) return { over };
  if (silence.signal.aborted) return { lost: 'it does not answer' };
  return { lost: sshFault(host.name, { code: result.exitCode ?? null, stderr: textOf(result.stderr) }).message };
}

function take(host: KnownHost, frame: Frame, options: FollowOptions, seen: Seen): RunStatus | undefined {
  const { files, onStatus, onAgain } = options;
  switch (frame.kind) {
    case 'data':
      files[frame.file]?.here.write(frame.at, frame.data);
      return undefined;
    case 'reset':
      files[frame.file]?.here.reset();
      return undefined;
    case 'status': {
      const { session, resumedAt = 0, slurm } = frame.status;
      if (seen.session !== undefined && seen.session > 0 && session !== seen.session) onAgain?.(resumedAt);
      seen.session = session;
      onStatus?.(slurm ? standingOf(frame.status, slurm) : frame.status, frame.checkpoints);
      return undefined;
    }
    case 'end':
      return frame.status;
    case 'error':
      throw new RagtuiError(errorCode(frame.code), `On ${host.name}: ${frame.message}.`);
  }
}

const textOf = (bytes: unknown): string => (bytes instanceof Uint8Array ? Buffer.from(bytes).toString('utf8') : '');

/**
 * Does what needs the host, again and again while it cannot be reached. Errors: all but `network`; that too when
 * `patienceMs` is over.
 */
export async function untilReached<T>(
  host: KnownHost,
  work: () => Promise<T>,
  options: { readonly signal: AbortSignal; readonly onReach: OnReach; readonly patienceMs?: number },
): Promise<T> {
  const { signal, onReach, patienceMs = Number.POSITIVE_INFINITY } = options;
  const began = performance.now();
  const since = new Date();
  let lost = false;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    try {
      const done = await work();
      if (lost) onReach(null);
      return done;
    } catch (error) {
      const { code, message } = toRagtuiError(error);
      if (code !== 'network' || signal.aborted || performance.now() - began > patienceMs) throw error;
      if (!lost) onReach({ since, why: message });
      lost = true;
      // Others go through the shared connection: where it is Slurm that cannot be reached behind it, it stays.
      if (!(error instanceof AgentFault)) await dropConnection(host.name);
      await delay(wait, undefined, { signal });
    }
  }
}
