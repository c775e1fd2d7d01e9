import type { KbClient } from '../kb/protocol.ts';
import type { KnowledgeBase } from '../kb/types.ts';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { CommandContext } from './context.ts';

/** Connects to the workspace's kb service (starting it if need be) for as long as `use` takes. */
export async function withKb<T>(context: CommandContext, use: (kb: KbClient) => Promise<T>): Promise<T> {
  const { connectKb } = await import('../kb/client.ts');
  const kb = await connectKb(context.paths, { signal: context.signal });
  try {
    return await use(kb);
  } finally {
    await kb.close();
  }
}

/** The knowledge base called `name`; undefined when there is none. */
export async function findKb(kb: KbClient, name: string): Promise<KnowledgeBase | undefined> {
  try {
    return await kb.call('kb.show', { kb: name });
  } catch (error) {
    if (toRagtuiError(error).code === 'not-found') return undefined;
    throw error;
  }
}

/** The one that is named, else the default of the settings, else the only one there is. */
export async function chooseKb(
  context: CommandContext,
  kb: KbClient,
  name: string | undefined,
): Promise<KnowledgeBase> {
  const { loadSettings } = await import('../platform/config.ts');
  const wanted = name ?? loadSettings(context.paths.configFile).settings.defaults.kb;
  if (wanted !== undefined) return kb.call('kb.show', { kb: wanted });
  const all = await kb.call('kb.list', {});
  const [only] = all;
  if (only && all.length === 1) return only;
  if (!only) {
    const hint = 'Make one of a folder: "ragtui ingest FOLDER --kb NAME".';
    throw new RagtuiError('not-found', 'There is no knowledge base yet.', hint);
  }
  throw new RagtuiError('usage', 'Which knowledge base?', `Add --kb ${all.map((one) => one.name).join(' | --kb ')}.`);
}
