import type { Column } from '../rag/types.ts';
import type { ItemFacts } from './item-facts.ts';
import { goldRanks } from './metrics/gold.ts';
import type { Evaluation, ItemResult } from './types.ts';

/** Whether the gold passage was among what a column hands on (its top-k); undefined where nothing was retrieved. Pure. */
export function wasRetrieved(
  item: Pick<ItemResult, 'column' | 'item' | 'contextId' | 'retrieved'>,
  { columns }: Pick<Evaluation, 'columns'>,
  asked: ItemFacts['asked'],
): boolean | undefined {
  if (item.retrieved === null) return undefined;
  // A row of ours retrieves as the first column that does.
  const column = columns.find(({ name }) => name === item.column) ?? columns.find((one) => one.context === 'retrieved');
  if (!column) return undefined;
  const { contextId, retrieved } = item;
  const goldContext = asked.get(item.item)?.context ?? '';
  return goldRanks({ goldContext, contextId, retrieved: retrieved.slice(0, column.topK) }).length > 0;
}

/** Whether two columns hand on the same chunks, because they search alike. Pure. */
export function retrieveAlike(a: Column, b: Column): boolean {
  const how = ({ embedder, group, mode, topK, instruction, reranker }: Column): string =>
    JSON.stringify([embedder, group, mode, topK, instruction, reranker]);
  return a.context === 'retrieved' && b.context === 'retrieved' && how(a) === how(b);
}
