import { z } from 'zod';

/** What the agent passes on of Slurm's own words about a job. */
export const slurmRawSchema = z.object({
  /** Its number; '': none was given yet. */
  job: z.string(),
  /** Whether we asked it to stop. */
  asked: z.boolean(),
  /** The commands that were asked, the one that knew it last. `code` null: it did not answer in time. */
  answers: z.array(
    z.object({
      tool: z.enum(['scontrol', 'squeue', 'sacct']),
      code: z.number().int().nullable(),
      out: z.string(),
      err: z.string(),
    }),
  ),
  /** Its place among those that wait in its partition. */
  position: z.object({ at: z.number().int(), of: z.number().int() }).nullable(),
  /** The host's clock, seconds since 1970. */
  now: z.number(),
  /** The end of what Slurm and the batch script printed. */
  log: z.string(),
});
export type SlurmRaw = z.infer<typeof slurmRawSchema>;

/** A job as Slurm tells of it. Times: seconds since 1970 by the host's clock; null: not known. */
export interface SlurmJob {
  readonly job: string;
  /** As Slurm writes it, without "by …": PENDING, RUNNING, COMPLETED; GONE: it knows nothing of it any more. */
  readonly state: string;
  /** Why it waits, or ended; '' where it says nothing. */
  readonly reason: string;
  readonly by: string;
  /** Code and signal it ended with. */
  readonly exit: { readonly code: number; readonly signal: number } | null;
  readonly restarts: number | null;
  readonly requeues: boolean;
  readonly startsAt: number | null;
  readonly endsAt: number | null;
  readonly nodes: string;
  readonly partition: string;
}
