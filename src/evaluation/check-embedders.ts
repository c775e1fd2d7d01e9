import type { KbClient } from '../kb/protocol.ts';
import { checkRemoteEmbedder } from '../models/embedder-client.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { Column } from '../rag/types.ts';

/**
 * Asks the servers behind the embedders of a run, before its first question, whether they still give the vectors they
 * promised: a model exchanged under an old name would spoil every figure. Throws `checksum` with its name.
 */
export async function checkEmbedders(
  paths: WorkspacePaths,
  {
    kb,
    base,
    columns,
    metricEmbedders,
  }: {
    readonly kb: Pick<KbClient, 'call'> | null;
    readonly base: string | null;
    readonly columns: readonly Column[];
    readonly metricEmbedders: readonly string[];
  },
): Promise<void> {
  const searching = columns.filter(({ context, mode }) => context === 'retrieved' && mode !== 'bm25');
  const active = kb && base !== null ? (await kb.call('kb.show', { kb: base })).embedders[0] : undefined;
  const used = new Set([...searching.flatMap(({ embedder = active }) => embedder ?? []), ...metricEmbedders]);
  for (const id of used) await checkRemoteEmbedder(paths, id);
}
