import { existsSync } from 'node:fs';
import { readGgufVocabulary } from '../../models/gguf/vocabulary.ts';
import { allModels, fileOf, installedModel, listAdapters } from '../../models/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { estimateTokens } from '../../rag/fit.ts';
import type { Message } from '../../rag/types.ts';
import { ChatTemplate } from '../../serving/llama/chat-template.ts';
import { targetModel } from '../doctor/target-model.ts';

/** A row as a model reads it. */
export interface RenderedPrompt {
  /** By the model's own chat template, up to where the answer begins. */
  readonly prompt: string;
  /** What is to be answered; '' where the row ends with a question. */
  readonly target: string;
  readonly promptTokens: number;
  readonly targetTokens: number;
  /** False: the tokenizer of this model is one that we only estimate. */
  readonly exact: boolean;
  /** Where template and tokenizer were read. */
  readonly source: 'gguf' | 'transformers';
}

/** Renders conversations for one model; the vocabulary is read once. */
export interface PromptRenderer {
  readonly model: string;
  render(messages: readonly Message[]): RenderedPrompt;
}

/**
 * How a model reads conversations: from its GGUF, or from a folder in Transformers' layout (also the path of one). An
 * adapter reads as its base does. Errors: `not-found`, `unavailable` when it is not pulled, `unsupported` without a chat template.
 */
export async function promptRenderer(paths: WorkspacePaths, which: string): Promise<PromptRenderer> {
  const model = listAdapters(paths).find(({ name }) => name === which)?.base ?? which;
  const entry = existsSync(model) ? undefined : allModels(paths).find(({ id }) => id === model);
  const isGguf = entry?.kind === 'chat' && entry.files.some(({ name }) => name === 'model.gguf');
  return isGguf ? fromGguf(fileOf(installedModel(paths, model), 'model.gguf'), which) : fromFolder(paths, model);
}

function fromGguf(file: string, model: string): PromptRenderer {
  const { chatTemplate, special, tokenizer } = readGgufVocabulary(file);
  if (chatTemplate === undefined) throw withoutTemplate(model);
  const template = new ChatTemplate(chatTemplate, special);
  const count = (text: string) => tokenizer?.count(text) ?? estimateTokens([{ role: 'user', content: text }]);
  return {
    model,
    render(messages) {
      const { asked, target } = parted(messages);
      const parts = template.render(asked);
      const tokens = parts.map((part) => ('special' in part ? 1 : count(part.text)));
      return {
        prompt: parts.map((part) => ('special' in part ? part.special : part.text)).join(''),
        target,
        promptTokens: tokens.reduce((sum, one) => sum + one, 0),
        targetTokens: target === '' ? 0 : count(target),
        exact: tokenizer !== undefined,
        source: 'gguf',
      };
    },
  };
}

async function fromFolder(paths: WorkspacePaths, model: string): Promise<PromptRenderer> {
  const { name, tokenizer, render } = await targetModel(paths, model);
  if (!render) throw withoutTemplate(name);
  return {
    model: name,
    render(messages) {
      const { asked, target } = parted(messages);
      const prompt = render([...asked], true);
      const [promptTokens, targetTokens] = [tokenizer.count(prompt), target === '' ? 0 : tokenizer.count(target)];
      return { prompt, target, promptTokens, targetTokens, exact: true, source: 'transformers' };
    },
  };
}

function parted(messages: readonly Message[]): { asked: readonly Message[]; target: string } {
  const last = messages.at(-1);
  return last?.role === 'assistant'
    ? { asked: messages.slice(0, -1), target: last.content }
    : { asked: messages, target: '' };
}

const withoutTemplate = (model: string): RagtuiError =>
  new RagtuiError('unsupported', `${model} has no chat template.`, 'Name a model that was made for chats.');
