import { z } from 'zod';

/** How an index stands on its vector database. */
export const projectionStateSchema = z.object({
  server: z.string(),
  /**
   * `current`: it answers searches. `behind`: it is being brought what it lacks. `unreachable`: it is tried again by
   * itself. `differs`: it is not what the database says, and waits for `kb verify` or `kb reindex`.
   */
  state: z.enum(['current', 'behind', 'unreachable', 'differs']),
  /** Vectors and changes that it does not have yet. */
  behind: z.number().int().nonnegative(),
  /** Why it does not answer, for people; null when there is nothing to say. */
  reason: z.string().nullable(),
});
export type ProjectionState = z.infer<typeof projectionStateSchema>;
