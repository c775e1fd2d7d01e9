import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { checkAdapterConfig, readAdapterConfig } from '../models/gguf/lora.ts';
import { listAdapters } from '../models/store.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { isVersionedName } from './adapters/state.ts';
import { servedNameSchema } from './types.ts';

export interface GivenAdapter {
  readonly name: string;
  /** A peft folder, or a GGUF file. */
  readonly source: string;
  /** Catalogue id of its base; null of one that is given by its path. */
  readonly base: string | null;
}

/**
 * An adapter as commands name it: `NAME=PATH`, or `NAME` of the list of models. Errors: `not-found`, `usage` (a name that
 * cannot be one), `unsupported` (a kind no server takes), `corrupt`.
 */
export function givenAdapter(paths: WorkspacePaths, text: string): GivenAdapter {
  const at = text.indexOf('=');
  if (at >= 0) return checked({ name: text.slice(0, at), source: path.resolve(text.slice(at + 1)), base: null });
  const adapter = listAdapters(paths).find(({ name }) => name === text);
  if (!adapter) throw new RagtuiError('not-found', `There is no adapter "${text}".`, 'Write NAME=PATH.');
  return checked({ name: adapter.name, source: adapter.path, base: adapter.base });
}

function checked(adapter: GivenAdapter): GivenAdapter {
  const { name, source } = adapter;
  const parsed = servedNameSchema.safeParse(name);
  const fault = parsed.success
    ? isVersionedName(name) && 'names that end like ".v2" are those of versions'
    : parsed.error.issues[0]?.message;
  if (fault) throw new RagtuiError('usage', `"${name}" cannot be a name: ${fault}.`, 'Choose another.');
  if (!existsSync(source)) throw new RagtuiError('not-found', `${source} does not exist.`);
  if (statSync(source).isDirectory()) checkAdapterConfig(readAdapterConfig(source));
  else if (!source.endsWith('.gguf')) {
    throw new RagtuiError(
      'usage',
      `${source} is no adapter.`,
      'Name the folder that the training wrote, or a .gguf file.',
    );
  }
  return adapter;
}
