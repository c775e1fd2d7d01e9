import { z } from 'zod';
import type { KbClient } from '../../../kb/protocol.ts';
import { RagtuiError } from '../../../platform/errors.ts';
import type { KeptComparison } from '../../../rag/comparisons/types.ts';

/** A comparison by its number, or the newest. */
export const idArgument = z.tuple([
  z.union([z.literal('latest'), z.coerce.number().int().positive()], 'the number of a comparison, or latest'),
]);
export type IdArgument = z.output<typeof idArgument>[0];

/** Errors: `not-found`. */
export async function keptId(kb: KbClient, id: IdArgument): Promise<number> {
  if (id !== 'latest') return id;
  const [newest] = (await kb.call('comparisons.list', { limit: 1 })).comparisons;
  if (newest) return newest.id;
  throw new RagtuiError('not-found', 'There is no comparison in the history yet.', 'Make one: ragtui compare --help');
}

/** Errors: `not-found`. */
export async function keptComparison(kb: KbClient, id: IdArgument): Promise<KeptComparison> {
  return kb.call('comparisons.get', { id: await keptId(kb, id) });
}
