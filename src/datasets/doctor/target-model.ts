import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Template } from '@huggingface/jinja';
import { z } from 'zod';
import { findModel, modelFolder } from '../../models/store.ts';
import { loadTokenizer, type TextTokenizer } from '../../models/tokenizer.ts';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { MessagesRow } from '../types.ts';

type Messages = MessagesRow['messages'];

/** A model whose tokens are counted. */
export interface TargetModel {
  readonly name: string;
  readonly tokenizer: TextTokenizer;
  /** A conversation as the model reads it, `open` for the answer to come; undefined for a model without chat template. */
  readonly render: ((messages: Messages, open: boolean) => string) | undefined;
}

const TOKENIZER_FILE = 'tokenizer.json';

/** A special token stands in the file as text, or as an object that holds it. */
const tokenSchema = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]);
const configSchema = z.looseObject({
  chat_template: z.string().nullish(),
  bos_token: tokenSchema.nullish(),
  eos_token: tokenSchema.nullish(),
});

/**
 * A model by its id, or by its folder in Transformers' layout. Errors: `not-found`, `unavailable` for one that is
 * not pulled or has no tokenizer file (a GGUF has it inside; the first training makes the folder).
 */
export async function targetModel(paths: WorkspacePaths, which: string): Promise<TargetModel> {
  const folder = folderOf(paths, which);
  const tokenizer = await loadTokenizer(folder);
  return { name: path.basename(which), tokenizer, render: chatTemplate(folder) };
}

function folderOf(paths: WorkspacePaths, which: string): string {
  const places = [
    which,
    path.join(paths.models, `${path.basename(which)}-hf`),
    modelFolder(paths, path.basename(which)),
  ];
  const found = places.find((folder) => existsSync(path.join(folder, TOKENIZER_FILE)));
  if (found !== undefined) return found;
  const entry = findModel(paths, which);
  throw new RagtuiError(
    'unavailable',
    `The tokenizer of ${entry.id} is not here as a ${TOKENIZER_FILE}.`,
    entry.kind === 'chat'
      ? 'It is made by the first training on it; or name a folder in the layout of Transformers.'
      : `Pull it: ragtui models pull ${entry.id}`,
  );
}

function chatTemplate(folder: string): TargetModel['render'] {
  const config = readConfig(path.join(folder, 'tokenizer_config.json'));
  const file = path.join(folder, 'chat_template.jinja');
  const source = existsSync(file) ? readFileSync(file, 'utf8') : config.chat_template;
  if (!source) return undefined;
  try {
    const template = new Template(source);
    return (messages, open) =>
      template.render({
        messages,
        add_generation_prompt: open,
        bos_token: config.bos_token ?? '',
        eos_token: config.eos_token ?? '',
      });
  } catch (error) {
    const why = toRagtuiError(error).message;
    throw new RagtuiError(
      'unsupported',
      `The chat template in ${folder} cannot be used: ${why}.`,
      'Name another model.',
    );
  }
}

function readConfig(file: string): z.infer<typeof configSchema> {
  if (!existsSync(file)) return {};
  try {
    return configSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new RagtuiError('corrupt', `${file} cannot be read.`, 'Pull the model again.');
  }
}
