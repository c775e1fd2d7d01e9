import { RagtuiError } from '../platform/errors.ts';
import { ingest } from './commands/ingest.ts';
import type { CommandContext } from './context.ts';
import { findKb, withKb } from './kb-client.ts';

export interface FromDataset {
  readonly dataset: string;
  /** Part of the dataset; absent: all. */
  readonly split: string | undefined;
  readonly kb: string;
  readonly group: string[];
  readonly embedder: string[];
  readonly pull: boolean;
}

/** Makes a knowledge base of a dataset's contexts, one document each, and waits until it is searchable. */
export async function kbFromDataset(context: CommandContext, wish: FromDataset): Promise<number> {
  const { openQaDataset } = await import('../datasets/open.ts');
  const { writeContexts } = await import('../datasets/contexts.ts');
  const dataset = openQaDataset(context.paths, wish.dataset);
  if (await withKb(context, (kb) => findKb(kb, wish.kb))) {
    const hint = `Choose another name, or delete it: ragtui kb delete ${wish.kb}`;
    throw new RagtuiError('exists', `There is already a knowledge base "${wish.kb}".`, hint);
  }
  const { file, documents } = await writeContexts(dataset, wish.split);
  context.out.note(`${documents} contexts of ${dataset.manifest.name} ${wish.split ?? 'all'} become documents.`);
  const { kb, group, embedder, pull } = wish;
  return ingest(context, [[file]], {
    kb,
    group,
    embedder,
    pull,
    watch: false,
    prune: false,
    detach: false,
    plan: false,
  });
}
