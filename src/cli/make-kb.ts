import type { KbClient } from '../kb/protocol.ts';
import type { KnowledgeBase, NodeGroup } from '../kb/types.ts';
import type { CommandContext } from './context.ts';

export interface KbWish {
  readonly name: string;
  /** As written: `token:256:32`. Empty: `sentence`. */
  readonly group: readonly string[];
  /** Catalogue ids, endpoints, or `NAME@onnx` and `NAME@vllm`. Empty: the default one of `language`. */
  readonly embedder: readonly string[];
  readonly language: 'en' | 'zh';
}

/** Makes a knowledge base; says on stderr what was chosen for the person. */
export async function createKb(context: CommandContext, kb: KbClient, wish: KbWish): Promise<KnowledgeBase> {
  return kb.call('kb.create', { name: wish.name, ...(await partsOf(context, wish)) });
}

/** What a knowledge base would be made of. */
export async function partsOf(
  context: CommandContext,
  wish: Omit<KbWish, 'name'>,
): Promise<{ groups: NodeGroup[]; embedders: string[] }> {
  const embedders = await chooseEmbedders(context, wish);
  return { groups: await parseGroups(wish.group.length > 0 ? wish.group : ['sentence'], embedders), embedders };
}

async function chooseEmbedders(context: CommandContext, wish: Omit<KbWish, 'name'>): Promise<string[]> {
  const { DEFAULT_EMBEDDERS } = await import('../models/catalogue.ts');
  if (wish.embedder.length === 0) return [DEFAULT_EMBEDDERS[wish.language]];
  const { findModel, listEndpoints } = await import('../models/store.ts');
  const endpoints = new Set(listEndpoints(context.paths).map((one) => one.name));
  const { servedName } = await import('../models/served-embedder.ts');
  for (const id of wish.embedder) if (!endpoints.has(id)) findModel(context.paths, servedName(id)?.model ?? id);
  return [...wish.embedder];
}

/** Node groups as written on the command line; tokens are those of the first embedder. */
export async function parseGroups(specs: readonly string[], embedders: readonly string[]): Promise<NodeGroup[]> {
  const { DEFAULT_EMBEDDERS } = await import('../models/catalogue.ts');
  const { parseGroupSpec } = await import('../kb/splitters/groups.ts');
  return specs.map((spec) => parseGroupSpec(spec, embedders[0] ?? DEFAULT_EMBEDDERS.en));
}
