import { z } from 'zod';
import { askAgent } from './agent.ts';
import { dropConnection } from './ssh.ts';
import type { KnownHost } from './types.ts';

const usageSchema = z.object({
  there: z.boolean(),
  runs: z.number().int(),
  /** Ids of runs that go on. */
  live: z.array(z.string()),
  /** By part of our folder. */
  bytes: z.record(z.string(), z.number()),
});
export type HostUsage = z.infer<typeof usageSchema>;

/** What lies in our folder on a host. */
export const hostUsage = (host: KnownHost, signal?: AbortSignal): Promise<HostUsage> =>
  askAgent(host, { op: 'usage' }, usageSchema, { timeoutMs: 0, ...(signal ? { signal } : {}) });

const cleanedSchema = z.object({ there: z.boolean(), live: z.array(z.string()) });

/**
 * Deletes our folder on a host with all in it. With `stop` what runs there is ended first; without it nothing is deleted
 * as long as something runs, and its ids are returned. Engines in a folder of the user's own stay.
 */
export async function cleanHost(
  host: KnownHost,
  options: { readonly stop: boolean },
): Promise<{ readonly live: readonly string[]; readonly deleted: boolean }> {
  const { there, live } = await askAgent(host, { op: 'clean', stop: options.stop }, cleanedSchema, { timeoutMs: 0 });
  if (!there) await dropConnection(host.name);
  return { live, deleted: !there };
}
