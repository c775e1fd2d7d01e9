import { listAdapters } from '../../models/store.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { Column } from '../../rag/types.ts';
import { parseLlm } from '../../serving/servers.ts';

/**
 * Names of the columns that the judge itself answers, or a model on the same weights (its base, an adapter of it): a judge
 * prefers what it would have said itself. `same` tells of more, by digest.
 */
export function relatedColumns(
  paths: WorkspacePaths,
  judge: string,
  columns: readonly Column[],
  same: (column: string) => boolean = () => false,
): string[] {
  const adapters = new Map(listAdapters(paths).map(({ name, base }) => [name, base]));
  const weights = (llm: string): string => {
    const { name } = parseLlm(llm);
    return adapters.get(name) ?? name;
  };
  return columns
    .filter(({ name, llm }) => llm !== 'none' && (same(name) || weights(llm) === weights(judge)))
    .map(({ name }) => name);
}

/** Said before a judge is asked; '' where no column is related to it. */
export const relatedWarning = (judge: string, related: readonly string[]): string =>
  related.length === 0
    ? ''
    : `${judge} is to judge ${related.length === 1 ? 'a column' : 'columns'} that it answers itself, or its base or tune does (${related.join(', ')}): judges prefer their own answers. Another model judges better.`;
