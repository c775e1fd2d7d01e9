import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { rootUrl } from '../../models/endpoint-url.ts';
import { fileOf, installedModel, listAdapters } from '../../models/store.ts';
import { toRagtuiError } from '../../platform/errors.ts';
import { request } from '../../platform/network.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { Message } from '../../rag/types.ts';
import { transformersFolder } from '../../training/base-llm.ts';
import { ggufChat, type ServingChat, transformersChat } from '../../training/serving-chat.ts';
import type { ServeWork } from '../types.ts';
import type { Asked } from './effect.ts';
import type { AdapterVersion, ServedTemplateCheck } from './types.ts';

/** Digits, two scripts, line breaks and blanks: where tokenizers and templates differ. */
const QUESTION = 'In 2023 sales rose by 1,234.5 %.\n\n### 问题：销售额是多少？\n';
const SYSTEM = 'You are a helpful assistant.';

/**
 * Compares the tokens that a server makes of a chat (`/tokenize`) with those the adapter was trained on: what the base's
 * folder gives, which the training compared with its engine's own rows where it says so. Never throws: what cannot be
 * compared is `unknown`, with the reason.
 */
export async function checkTemplate(
  paths: WorkspacePaths,
  work: ServeWork,
  server: Asked,
  version: AdapterVersion,
  signal: AbortSignal,
): Promise<ServedTemplateCheck> {
  const adapter = listAdapters(paths).find(({ sha256 }) => sha256 === version.sha256);
  const messages: Message[] = [
    { role: 'system', content: adapter?.templateSystem || SYSTEM },
    { role: 'user', content: QUESTION },
  ];
  const proven = String(adapter?.lineage['templateCheck'] ?? '').startsWith('same tokens');
  const result = { against: proven ? ('training' as const) : ('base' as const), checkedAt: new Date().toISOString() };
  try {
    const side = await renderingOf(paths, work, adapter?.basePath);
    const expected = side.prompt(messages).ids;
    const got = await tokenize(server, version.served, messages, signal);
    const firstDifference = differenceOf(expected, got);
    const why =
      firstDifference === null
        ? ''
        : `first at token ${firstDifference}: ${shown(side, got, firstDifference)} instead of ${shown(side, expected, firstDifference)}`;
    return { ...result, state: why ? 'differs' : 'same', tokens: got.length, firstDifference, why };
  } catch (error) {
    return { ...result, state: 'unknown', tokens: 0, firstDifference: null, why: toRagtuiError(error).message };
  }
}

/** The base's own rendering: of the folder that was trained on, else of the one that is served, else of the GGUF. */
async function renderingOf(
  paths: WorkspacePaths,
  work: ServeWork,
  trainedOn: string | undefined,
): Promise<ServingChat> {
  const folders = [trainedOn, work.weights, transformersFolder(paths, work.model)];
  const folder = folders.find((one) => one && existsSync(path.join(one, 'tokenizer.json')));
  if (folder) return await transformersChat(folder);
  const chat = ggufChat(fileOf(installedModel(paths, work.model), 'model.gguf'));
  if (!chat) throw new Error('the tokenizer of its base is of a kind that cannot be rebuilt here');
  return chat;
}

/** The first place where they differ; null when they are the same. Pure. */
export function differenceOf(a: readonly number[], b: readonly number[]): number | null {
  const longer = Math.max(a.length, b.length);
  for (let at = 0; at < longer; at += 1) if (a[at] !== b[at]) return at;
  return null;
}

function shown(side: ServingChat, ids: readonly number[], at: number): string {
  const id = ids[at];
  return id === undefined ? 'the end' : `${JSON.stringify(side.decode([id]))} (${id})`;
}

const tokensSchema = z.object({ tokens: z.array(z.number().int()) });

async function tokenize(server: Asked, model: string, messages: readonly Message[], signal: AbortSignal) {
  const response = await request(rootUrl(server, 'tokenize'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${server.key}` },
    body: JSON.stringify({ model, messages, add_generation_prompt: true }),
    redirect: 'error',
    signal,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the server said ${response.status}: ${text.slice(0, 200)}`);
  return tokensSchema.parse(JSON.parse(text)).tokens;
}
