import { findModel, folderOfModel } from '../../models/store.ts';
import { loadTokenizer } from '../../models/tokenizer.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { type CountTokens, splitDocument } from '../splitters/registry.ts';
import type { ChunkDraft, NodeGroup } from '../types.ts';

/** How texts are cut for these groups, with the tokenizers of the models that `token` groups count with. */
export async function splitterOf(
  paths: WorkspacePaths,
  groups: readonly NodeGroup[],
): Promise<(text: string, group: NodeGroup) => ChunkDraft[]> {
  const counters = new Map<string, CountTokens>();
  for (const group of groups) {
    if (group.splitter !== 'token' || counters.has(group.tokenizer)) continue;
    findModel(paths, group.tokenizer);
    const tokenizer = await loadTokenizer(folderOfModel(paths, group.tokenizer));
    counters.set(group.tokenizer, (text) => tokenizer.count(text));
  }
  return (text, group) => {
    const countTokens = group.splitter === 'token' ? counters.get(group.tokenizer) : undefined;
    return splitDocument(text, group, countTokens ? { countTokens } : {});
  };
}
