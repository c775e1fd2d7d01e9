import { z } from 'zod';
import { toRagtuiError } from '../../platform/errors.ts';
import type { Message, Sampling } from '../../rag/types.ts';
import { type Asker, GaveUp, type Said } from './ask.ts';
import { type Journal, keyOf } from './journal.ts';

/** One answered request in the journal; one that failed for itself is tried again by the next job. */
export const saidSchema = z.object({
  text: z.string(),
  finish: z.enum(['stop', 'length', 'filtered']),
  promptTokens: z.number().nullable(),
  completionTokens: z.number().nullable(),
});

export type AskedOnce = { readonly said: Said; readonly known: boolean } | { readonly failed: string };

/** Asks unless this very request was answered before; the answer is on the disk when it returns. Errors: `GaveUp`, `cancelled`. */
export async function askOnce(
  asker: Asker,
  journal: Journal<Said>,
  llm: string,
  messages: readonly Message[],
  sampling: Sampling,
  signal: AbortSignal,
): Promise<AskedOnce> {
  const key = keyOf([llm, messages, sampling]);
  const before = journal.get(key);
  if (before) {
    asker.count(before);
    return { said: before, known: true };
  }
  try {
    const said = await asker.ask(messages, sampling);
    journal.put(key, said);
    asker.count(said);
    return { said, known: false };
  } catch (error) {
    const { code, message } = toRagtuiError(error);
    if (signal.aborted || error instanceof GaveUp || code === 'cancelled' || code === 'disk-full') throw error;
    return { failed: message };
  }
}
