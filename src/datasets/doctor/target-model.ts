import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Template } from '@huggingface/jinja';
import { z } from 'zod';
import { readGgufVocabulary } from '../../models/gguf/vocabulary.ts';
import { fileOf, findModel, installedModel, modelFolder } from '../../models/store.ts';
import { loadTokenizer, type TextTokenizer } from '../../models/tokenizer.ts';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { MessagesRow } from '../types.ts';

type Messages = MessagesRow['messages'];

/** A model whose tokens are counted. */
export interface TargetModel {
  readonly name: string;
  /** `count`: a control token written in the text counts as the one that it is, as in a rendered conversation. */
  readonly tokenizer: Pick<TextTokenizer, 'count' | 'encode'>;
  /** A conversation as the model reads it, `open` for the answer to come; undefined for a model without chat template. */
  readonly render: ((messages: Messages, open: boolean) => string) | undefined;
}

const TOKENIZER_FILE = 'tokenizer.json';
const GGUF_FILE = 'model.gguf';

/** A special token stands in the file as text, or as an object that holds it. */
const tokenSchema = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]);
const configSchema = z.looseObject({
  chat_template: z.string().nullish(),
  bos_token: tokenSchema.nullish(),
  eos_token: tokenSchema.nullish(),
});

/**
 * A model by its id, or by its folder in Transformers' layout; one that is only a GGUF is read from that. Errors:
 * `not-found`, `unavailable` for one that is not pulled, `unsupported` for a tokenizer or template that we cannot read.
 */
export async function targetModel(paths: WorkspacePaths, which: string): Promise<TargetModel> {
  const name = path.basename(which);
  const folder = folderOf(paths, which, name);
  if (folder === undefined) return fromGguf(paths, which, name);
  return { name, tokenizer: await loadTokenizer(folder), render: chatTemplate(folder) };
}

function folderOf(paths: WorkspacePaths, which: string, name: string): string | undefined {
  const places = [which, path.join(paths.models, `${name}-hf`), modelFolder(paths, name)];
  return places.find((folder) => existsSync(path.join(folder, TOKENIZER_FILE)));
}

function fromGguf(paths: WorkspacePaths, which: string, name: string): TargetModel {
  const entry = findModel(paths, which);
  if (!entry.files.some((file) => file.name === GGUF_FILE)) {
    throw new RagtuiError(
      'unavailable',
      `The tokenizer of ${entry.id} is not here as a ${TOKENIZER_FILE}.`,
      `Pull it: ragtui models pull ${entry.id}`,
    );
  }
  const file = fileOf(installedModel(paths, entry.id), GGUF_FILE);
  const { chatTemplate: source, special, tokenizer } = readGgufVocabulary(file);
  if (!tokenizer) {
    throw new RagtuiError(
      'unsupported',
      `The GGUF of ${entry.id} has a tokenizer of a kind that is not read from it.`,
      `Name a folder with its ${TOKENIZER_FILE}, as the first training on it makes one.`,
    );
  }
  return {
    name,
    tokenizer: { encode: tokenizer.encode, count: counterWith(tokenizer, special.all) },
    render: source ? renderer(source, special, file) : undefined,
  };
}

/** The tokenizer knows plain text alone: control tokens are taken out and counted first. */
function counterWith(tokenizer: TextTokenizer, control: readonly string[]): (text: string) => number {
  const words = control.filter(Boolean).sort((a, b) => b.length - a.length);
  if (words.length === 0) return tokenizer.count;
  const pattern = new RegExp(words.map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g');
  return (text) => {
    const plain = text.split(pattern);
    return plain.reduce((sum, part) => sum + (part === '' ? 0 : tokenizer.count(part)), plain.length - 1);
  };
}

function chatTemplate(folder: string): TargetModel['render'] {
  const config = readConfig(path.join(folder, 'tokenizer_config.json'));
  const file = path.join(folder, 'chat_template.jinja');
  const source = existsSync(file) ? readFileSync(file, 'utf8') : config.chat_template;
  return source ? renderer(source, { bos: config.bos_token ?? '', eos: config.eos_token ?? '' }, folder) : undefined;
}

function renderer(source: string, { bos, eos }: { bos: string; eos: string }, where: string): TargetModel['render'] {
  try {
    const template = new Template(source);
    return (messages, open) =>
      template.render({ messages, add_generation_prompt: open, bos_token: bos, eos_token: eos });
  } catch (error) {
    const why = toRagtuiError(error).message;
    throw new RagtuiError(
      'unsupported',
      `The chat template in ${where} cannot be used: ${why}.`,
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
