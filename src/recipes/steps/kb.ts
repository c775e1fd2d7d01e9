import { writeContexts } from '../../datasets/contexts.ts';
import { openQaDataset } from '../../datasets/open.ts';
import type { KbClient } from '../../kb/protocol.ts';
import { parseGroupSpec } from '../../kb/splitters/groups.ts';
import type { KnowledgeBase, NodeGroup } from '../../kb/types.ts';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { hashOf } from '../plan.ts';
import { digestOfPath, findPath, modelDigest } from './facts.ts';
import { isOf, modelName, type Needs, needed, partOf, type StepDoer, type World } from './types.ts';

/** Contexts of a dataset, or files, split and embedded; by an `ingest` job. */
export const kbStep: StepDoer<'kb'> = {
  version: 1,
  facts: async ({ paths, folders, signal }, { sources, embedders }, needs) => [
    ...(await Promise.all((sources ?? []).map((source) => digestOfPath(findPath(source, folders), signal)))),
    ...embedders.map((embedder) => (modelName(needs, embedder) === embedder ? modelDigest(paths, embedder) : null)),
  ],
  there: (world, made) => {
    if (!isOf(made, 'kb')) return undefined;
    return world.withKb((kb) => digestOf(kb, made.kb));
  },
  make: async ({ world, spec, needs, madeName, child, note }) => {
    const embedders = spec.embedders.map((embedder) => modelName(needs, embedder));
    const [first = ''] = embedders;
    const groups = spec.groups.map((text) => parseGroupSpec(text, first));
    const roots = await rootsOf(world, spec.sources, spec.part, needs);
    const kb = await world.withKb((client) => ownKb(client, madeName, groups, embedders));
    if (kb.name !== madeName) note(`${madeName} was changed by somebody: ${kb.name} is made beside it.`);
    await child({ kind: 'ingest', kb: kb.name, roots, groups, embedders, watch: false, prune: false });
    return world.withKb(async (client) => {
      const { documents, failed, chunks } = await client.call('kb.show', { kb: kb.name });
      if (documents === 0)
        throw new RagtuiError('invalid', `Nothing went into ${kb.name}: ${failed} documents failed.`);
      const digest = (await digestOf(client, kb.name)) ?? '';
      return { type: 'kb', digest, kb: kb.name, documents, chunks, embedders };
    });
  },
};

async function rootsOf(
  world: World,
  sources: readonly string[] | undefined,
  part: string | null,
  needs: Needs,
): Promise<string[]> {
  if (sources) return sources.map((source) => findPath(source, world.folders));
  const from = needed(needs, 'dataset', 'dataset');
  const dataset = openQaDataset(world.paths, from.dataset, { version: from.version });
  const wanted = partOf(from, part, 'all');
  return [(await writeContexts(dataset, wanted === 'all' ? undefined : wanted)).file];
}

/**
 * The knowledge base of this step: made, or gone on with where a kill left it. One that has its name and other groups or
 * embedders is somebody else's by now: the next free name is taken, nothing of theirs is touched.
 */
async function ownKb(client: KbClient, name: string, groups: NodeGroup[], embedders: string[]): Promise<KnowledgeBase> {
  const all = await client.call('kb.list', {});
  for (let n = 1; ; n++) {
    const wanted = n === 1 ? name : `${name}-${n}`;
    const found = all.find((kb) => kb.name === wanted);
    if (!found) return client.call('kb.create', { name: wanted, groups, embedders });
    const same = hashOf([found.groups, found.embedders]) === hashOf([groups, embedders]);
    if (same && found.sources.length <= 1) return found;
  }
}

/** Of its documents and of what its embedders are. */
async function digestOf(client: KbClient, kb: string): Promise<string | undefined> {
  try {
    return hashOf(await client.call('kb.state', { kb }));
  } catch (error) {
    if (toRagtuiError(error).code === 'not-found') return undefined;
    throw error;
  }
}
