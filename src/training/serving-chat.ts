import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readGgufVocabulary } from '../models/gguf/vocabulary.ts';
import { loadTokenizer, type TextTokenizer } from '../models/tokenizer.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { Message } from '../rag/types.ts';
import { ChatTemplate, type PromptPart, type SpecialTokens } from '../serving/llama/chat-template.ts';

/** The chat template of a model, without its weights or tokenizer. */
export interface ModelTemplate {
  readonly source: string;
  readonly special: SpecialTokens;
  /** File or folder it was read from. */
  readonly from: string;
}

/** A conversation as a server puts it to the model. */
export interface Rendered {
  readonly text: string;
  readonly ids: readonly number[];
}

/** How one of the servers reads a base's conversations. */
export interface ServingChat {
  /** `transformers`: the folder, as vLLM reads it. `gguf`: the file, as the embedded server does. */
  readonly name: 'transformers' | 'gguf';
  /** Up to where the answer begins. */
  prompt(messages: readonly Message[]): Rendered;
  /** With its answer at the end. */
  whole(messages: readonly Message[]): Rendered;
  /** Ids of plain text. */
  plain(text: string): readonly number[];
  decode(ids: readonly number[]): string;
  /** Tokens that end an answer. */
  readonly stops: ReadonlySet<number>;
}

const tokenSchema = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]);
/** One template, or several by name, of which `default` is the one for chats. */
const templateSchema = z.union([
  z.string(),
  z
    .array(z.looseObject({ name: z.string(), template: z.string() }))
    .transform((all) => (all.find(({ name }) => name === 'default') ?? all[0])?.template),
]);
const configSchema = z.looseObject({
  chat_template: templateSchema.nullish(),
  bos_token: tokenSchema.nullish(),
  eos_token: tokenSchema.nullish(),
});
const tokenizerSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ content: z.string() })).default([]),
});
const stopSchema = z.looseObject({ eos_token_id: z.union([z.number(), z.array(z.number())]).nullish() });

/** The chat template of a folder in Transformers' layout; undefined for a model without one. Errors: `corrupt`. */
export function folderTemplate(folder: string): ModelTemplate | undefined {
  const config = read(path.join(folder, 'tokenizer_config.json'), configSchema) ?? {};
  const file = path.join(folder, 'chat_template.jinja');
  const source = existsSync(file) ? readFileSync(file, 'utf8') : config.chat_template;
  if (!source) return undefined;
  const added = read(path.join(folder, 'tokenizer.json'), tokenizerSchema)?.added_tokens ?? [];
  return {
    source,
    special: {
      all: added.map(({ content }) => content),
      bos: config.bos_token ?? '',
      eos: config.eos_token ?? '',
    },
    from: folder,
  };
}

/** How vLLM reads conversations for a folder in Transformers' layout. Errors: `corrupt`, `unsupported`. */
export async function transformersChat(folder: string): Promise<ServingChat> {
  const template = folderTemplate(folder);
  if (!template) throw withoutTemplate(folder);
  const tokenizer = await loadTokenizer(folder);
  // vLLM looks for control tokens in the whole rendered text, not only in the template's own.
  const toIds = (parts: readonly PromptPart[]) => tokenizer.plain(textOf(parts));
  const eos = ['generation_config.json', 'config.json'].flatMap((name) => {
    const id = read(path.join(folder, name), stopSchema)?.eos_token_id;
    return id === null || id === undefined ? [] : id;
  });
  return chatOf('transformers', template, tokenizer, toIds, eos);
}

/** How the embedded server reads conversations for a GGUF; undefined where its tokenizer is not one we can rebuild. */
export function ggufChat(file: string): ServingChat | undefined {
  const { chatTemplate, special, tokenizer } = readGgufVocabulary(file);
  if (chatTemplate === undefined) throw withoutTemplate(file);
  if (!tokenizer) return undefined;
  const toIds = (parts: readonly PromptPart[]) =>
    parts.flatMap((part) => ('text' in part ? tokenizer.plain(part.text) : (tokenizer.idOf(part.special) ?? [])));
  return chatOf('gguf', { source: chatTemplate, special, from: file }, tokenizer, toIds, []);
}

function chatOf(
  name: ServingChat['name'],
  { source, special }: ModelTemplate,
  tokenizer: TextTokenizer,
  toIds: (parts: readonly PromptPart[]) => readonly number[],
  stops: readonly number[],
): ServingChat {
  const template = new ChatTemplate(source, special);
  const rendered = (parts: readonly PromptPart[]): Rendered => ({ text: textOf(parts), ids: toIds(parts) });
  const eos = tokenizer.idOf(special.eos);
  return {
    name,
    prompt: (messages) => rendered(template.render(messages)),
    whole: (messages) => rendered(template.renderWhole(messages)),
    plain: (text) => tokenizer.plain(text),
    decode: (ids) => tokenizer.decode(ids),
    stops: new Set(eos === undefined ? stops : [...stops, eos]),
  };
}

const textOf = (parts: readonly PromptPart[]): string =>
  parts.map((part) => ('text' in part ? part.text : part.special)).join('');

function read<S extends z.ZodType>(file: string, schema: S): z.output<S> | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new RagtuiError('corrupt', `${file} cannot be read.`, 'Copy or make the model again.', { cause: error });
  }
}

const withoutTemplate = (where: string): RagtuiError =>
  new RagtuiError(
    'unsupported',
    `${where} has no chat template: what it is trained on could not be compared with what it is asked.`,
    'Take an instruct model.',
  );
