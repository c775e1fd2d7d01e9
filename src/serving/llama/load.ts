import os from 'node:os';
import path from 'node:path';
import { getLlama, type Llama, type LlamaContext, LlamaLogLevel, type LlamaModel, type Token } from 'node-llama-cpp';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { ChatTemplate } from './chat-template.ts';
import { SLICE } from './generate.ts';

/**
 * Threads for inference: all cores but one. With a busy core beside it, a second thread made reading a prompt five times slower
 * than one alone (2 cores, 566 tokens: 0.83 s with one thread; 0.5 s with two on an idle machine, 1.8 to 4 s on a busy one).
 */
export function inferenceThreads(cores = os.availableParallelism()): number {
  return Math.max(1, cores - 1);
}

/** A LoRA adapter as GGUF, to ride on the model. */
export interface AdapterFile {
  readonly name: string;
  readonly file: string;
}

/** A loaded model and how contexts of it are made. */
export interface LoadedModel {
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly vocabulary: Vocabulary;
  readonly contextTokens: number;
  /** A context of its own, with room for `sequences` answers at once. Errors: `corrupt` (the adapter), `unavailable`. */
  createContext(options: { readonly adapter?: AdapterFile; readonly sequences?: number }): Promise<LlamaContext>;
  /** Gives the memory of an adapter's weights back; no context may use them any more. */
  freeAdapter(adapter: AdapterFile): Promise<void>;
}

/** What all contexts of a model share. */
export interface Vocabulary {
  readonly specials: ReadonlyMap<string, Token>;
  readonly template: ChatTemplate;
}

/** Loads a GGUF model on the CPU. A damaged file may abort the process: only ever call this in a worker. */
export async function loadModel(file: string, contextTokens: number): Promise<LoadedModel> {
  const threads = inferenceThreads();
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error, maxThreads: threads });
  const model = await readModel(llama, file);
  const contextSize = Math.min(contextTokens, model.trainContextSize);
  return {
    llama,
    model,
    vocabulary: readVocabulary(model, file),
    contextTokens: contextSize,
    freeAdapter: ({ file: adapter }) => freeAdapter(model, adapter),
    createContext: async ({ adapter, sequences = 1 }) => {
      const options = { contextSize, sequences, threads, batchSize: SLICE, flashAttention: true };
      if (!adapter) return await model.createContext(options);
      try {
        return await model.createContext({ ...options, lora: adapter.file });
      } catch (error) {
        throw new RagtuiError(
          'corrupt',
          `The adapter ${adapter.name} cannot be loaded: ${toRagtuiError(error).message}.`,
          'Check that it was trained on this base.',
          { cause: error },
        );
      }
    },
  };
}

/**
 * node-llama-cpp 3.22 keeps the weights of every adapter it ever read with its model, by path, and has no public way to let
 * go of them: each version that is loaded while the server runs would stay until it ends. Its own table knows them.
 */
async function freeAdapter(model: LlamaModel, file: string): Promise<void> {
  const kept: unknown = Reflect.get(model, '_loraAdapters');
  if (!(kept instanceof Map)) return;
  const lora: unknown = kept.get(path.resolve(file));
  kept.delete(path.resolve(file));
  if (isDisposable(lora)) await lora.dispose();
}

const isDisposable = (value: unknown): value is { dispose(): Promise<void> } =>
  typeof value === 'object' && value !== null && 'dispose' in value && typeof value.dispose === 'function';

async function readModel(llama: Llama, file: string): Promise<LlamaModel> {
  try {
    return await llama.loadModel({ modelPath: file });
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    if (error instanceof Error && /memory/i.test(error.message)) {
      throw new RagtuiError(
        'unavailable',
        `Not enough memory for ${file}: ${why}.`,
        'Close programs or take a smaller model.',
        { cause: error },
      );
    }
    throw new RagtuiError(
      'corrupt',
      `${file} cannot be loaded: ${why}.`,
      'Check it with `ragtui models verify`, or pull it again.',
      { cause: error },
    );
  }
}

function readVocabulary(model: LlamaModel, file: string): Vocabulary {
  const source = model.fileInfo.metadata.tokenizer?.chat_template;
  if (!source) {
    throw new RagtuiError(
      'unsupported',
      `${file} has no chat template: it is not a chat model.`,
      'Choose an instruct model.',
    );
  }
  const specials = controlTokens(model);
  const { bosString, eosString } = model.tokens;
  const names = { all: [...specials.keys()], bos: bosString ?? '', eos: eosString ?? '' };
  return { specials, template: new ChatTemplate(source, names) };
}

function controlTokens(model: LlamaModel): Map<string, Token> {
  const found = new Map<string, Token>();
  for (const token of model.iterateAllTokens()) {
    const attributes = model.getTokenAttributes(token);
    if (!attributes.control && !attributes.unknown) continue;
    const text = model.detokenize([token], true);
    if (text) found.set(text, token);
  }
  return found;
}
