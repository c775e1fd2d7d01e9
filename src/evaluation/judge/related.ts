import { listAdapters } from '../../models/store.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { Column } from '../../rag/types.ts';
import { parseLlm } from '../../serving/servers.ts';
import { type RunNote, runNote } from '../notes.ts';

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

/** Said before a judge is asked, where columns are related to it. */
export const relatedWarnings = (judge: string, related: readonly string[]): RunNote[] =>
  related.length === 0 ? [] : [runNote('judge-before', { judge, columns: related.join(', ') }, null)];
