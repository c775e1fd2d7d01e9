import { connectKb } from '../../kb/client.ts';
import { servedName } from '../../models/served-embedder.ts';
import { findModel, readOwnModels } from '../../models/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { isServed } from '../../serving/resolve.ts';
import { parseLlm } from '../../serving/servers.ts';
import { datasetSlug } from '../layout.ts';
import type { MakingOf } from '../making/types.ts';
import { openDataset } from '../open.ts';

type Work = MakingOf<'negatives'>;
export type NegativesWish = Omit<Work, 'what' | 'version' | 'as'> & { readonly as?: string | undefined };

/**
 * Makes the work of a job out of what is wished, and names the models that must be here. What can be known to be wrong
 * is said now. Errors: `usage`, `not-found`, `unsupported`.
 */
export async function prepareNegatives(
  paths: WorkspacePaths,
  wish: NegativesWish,
): Promise<{ making: Work; models: string[] }> {
  const { manifest, kind, count } = openDataset(paths, wish.dataset);
  if (kind !== 'qa' && kind !== 'retrieval') {
    throw new RagtuiError(
      'unsupported',
      `The dataset "${manifest.name}" holds ${kind} rows; negatives are for qa and retrieval rows.`,
      'See "ragtui dataset list".',
    );
  }
  count(wish.part);
  checkSources(wish, kind);
  const searched = wish.sources.flatMap((source) => (source.from === 'embedder' ? [source.embedder] : []));
  const embedders = [...searched, ...(wish.audit.embedder === null ? [] : [wish.audit.embedder])];
  for (const id of embedders) checkModel(paths, id, 'embedder');
  if (wish.audit.reranker) checkModel(paths, wish.audit.reranker.id, 'reranker');
  if (wish.kb) await checkKb(paths, wish.kb, searched);
  const judge = wish.audit.judge?.llm;
  const as = wish.as ?? (kind === 'qa' ? `${manifest.name}-retrieval` : `${manifest.name}-audited`);
  datasetSlug(as);
  return {
    making: { what: 'negatives', ...wish, dataset: manifest.name, version: manifest.version, as },
    models: [
      ...new Set(embedders),
      ...(wish.audit.reranker ? [wish.audit.reranker.id] : []),
      ...(judge === undefined || isServed(paths, judge) ? [] : [parseLlm(judge).name]),
    ],
  };
}

function checkSources({ sources, margin, audit, kb }: NegativesWish, kind: string): void {
  const froms = sources.map(({ from }) => from);
  if (froms.includes('existing') && kind !== 'retrieval') {
    throw new RagtuiError('usage', 'Only retrieval rows have negatives already.', 'Name another --from.');
  }
  if (margin?.kind === 'absolute' && !froms.includes('embedder')) {
    throw new RagtuiError('usage', 'BM25 scores have no scale for a distance.', 'Give a share: --margin 95%.');
  }
  if (audit.above !== null && audit.embedder === null && !froms.includes('embedder')) {
    throw new RagtuiError('usage', '--above needs an embedder that measures it.', 'Name one: --measure EMBEDDER.');
  }
  if (kb && froms.includes('existing')) {
    throw new RagtuiError('usage', 'Existing negatives are not passages of the knowledge base.', 'Leave out --kb.');
  }
}

function checkModel(paths: WorkspacePaths, id: string, kind: 'embedder' | 'reranker'): void {
  const endpoint = readOwnModels(paths).endpoints.find((one) => one.name === id);
  if (endpoint?.kind === 'embedding' && kind === 'embedder') return;
  const entry = findModel(paths, kind === 'embedder' ? (servedName(id)?.model ?? id) : id);
  if (entry.kind === kind) return;
  throw new RagtuiError('usage', `"${id}" is a ${entry.kind} model, not a ${kind}.`, 'See "ragtui models list".');
}

async function checkKb(
  paths: WorkspacePaths,
  { name, group }: { readonly name: string; readonly group: string | null },
  embedders: readonly string[],
): Promise<void> {
  const client = await connectKb(paths);
  try {
    const kb = await client.call('kb.show', { kb: name });
    if (group !== null && !kb.groups.some((one) => one.name === group)) {
      const known = kb.groups.map((one) => one.name).join(', ');
      throw new RagtuiError('not-found', `${name} has no node group "${group}".`, `There are: ${known}.`);
    }
    const without = embedders.find((id) => !kb.embedders.includes(id));
    if (without !== undefined) {
      throw new RagtuiError(
        'not-found',
        `${name} has no index of ${without}.`,
        `It has: ${kb.embedders.join(', ')}. Ingest with --embedder ${without} to add one.`,
      );
    }
  } finally {
    await client.close();
  }
}
