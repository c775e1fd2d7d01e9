import { z } from 'zod';
import type { JobEvent } from './types.ts';

const goneSchema = z.object({ gone: z.literal(true) });

/** Whether an artifact event tells that something made before was removed again, as engines do with old checkpoints. */
export const tellsGone = ({ data }: Extract<JobEvent, { type: 'artifact' }>): boolean =>
  goneSchema.safeParse(data).success;

/** What a job has made and not removed again, each once, in the order of its making. Pure. */
export function madeBy(events: readonly JobEvent[]): { readonly name: string; readonly path: string }[] {
  const made = new Map<string, { name: string; path: string }>();
  for (const event of events) {
    if (event.type !== 'artifact') continue;
    const key = JSON.stringify([event.name, event.path]);
    if (tellsGone(event)) made.delete(key);
    else made.set(key, { name: event.name, path: event.path });
  }
  return [...made.values()];
}
