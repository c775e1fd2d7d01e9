import type { StopOptions } from '../control.ts';
import type { LaunchOptions } from '../launcher.ts';
import type { OutputOptions } from '../output.ts';
import type { JobEvent, JobId, JobView, JobWork } from '../types.ts';

export interface AttachOptions {
  /** Byte offset in the events to go on from; absent: the last of them, then what comes. */
  readonly from?: number;
  readonly signal: AbortSignal;
  /** `offset` is where the next event begins: hand it back as `from` to go on there. */
  readonly onEvents: (events: readonly JobEvent[], offset: number) => void;
}

/** A file or folder that a job made, as it lies on this machine now. */
export interface Fetched {
  readonly name: string;
  readonly path: string;
}

/**
 * Where jobs run, and the only way to their files: on this machine, or on one that is reached by other means. What a
 * launcher hands over are copies of what the job wrote; nobody else opens a job's folder to see how it does.
 */
export interface Launcher {
  /** Named in a job's spec. */
  readonly name: string;
  /** Resolves when the job has an owner that outlives us. */
  start(work: JobWork, options?: LaunchOptions): Promise<JobView>;
  state(id: JobId): Promise<JobView>;
  /** Follows a job's events until the signal; a job whose folder is deleted ends it quietly. */
  attach(id: JobId, options: AttachOptions): Promise<void>;
  /** Follows what its programs print. */
  output(id: JobId, name: 'stdout' | 'stderr', options: OutputOptions): Promise<void>;
  stop(id: JobId, options?: StopOptions): Promise<JobView>;
  /** Brings what the job made here, and tells where it lies. */
  fetch(id: JobId, signal?: AbortSignal): Promise<readonly Fetched[]>;
}
