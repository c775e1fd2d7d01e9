import os from 'node:os';
import {
  getLlama,
  type Llama,
  type LlamaContext,
  type LlamaContextSequence,
  LlamaLogLevel,
  type LlamaModel,
  type Token,
} from 'node-llama-cpp';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { Message } from '../../rag/types.ts';
import { ChatTemplate } from './chat-template.ts';
import { StopFilter } from './stop-filter.ts';

/** Tokens fed at once while reading a prompt: between two slices a cancel is heard. Part of what "strict" fixes. */
const SLICE = 128;
/** A character can be spread over several tokens; a longer run of broken bytes is shown as what it is. */
const MAX_BROKEN_TOKENS = 8;
/** How far back a repetition is noticed. */
const PENALISED_TOKENS = 128;

export interface GenerateRequest<T extends number> {
  readonly tokens: readonly T[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  readonly stop: readonly string[];
  /** Above 1, tokens the answer has already become less likely; 1 = off. */
  readonly repetitionPenalty: number;
  /** Strict: nothing of an earlier request is reused, so that temperature 0 gives the same text every time. */
  readonly strict: boolean;
}

export interface GenerateHooks {
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
  /** Prompt tokens read so far. */
  readonly onPrefill?: (done: number) => void;
}

export interface Generated {
  readonly finish: 'stop' | 'length';
  readonly completionTokens: number;
}

/** What the HTTP side needs of an engine; `T` is its kind of token id. One `generate` at a time. */
export interface Engine<T extends number = number> {
  readonly contextTokens: number;
  /** Token ids of a chat, ready for the assistant's words. */
  renderChat(messages: readonly Message[]): T[];
  /** Token ids of plain text; nothing in it counts as a control token. */
  tokenize(text: string): T[];
  /** Throws the signal's reason when cancelled. */
  generate(request: GenerateRequest<T>, hooks: GenerateHooks): Promise<Generated>;
}

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

export interface Engines {
  readonly base: Engine<Token>;
  readonly adapters: ReadonlyMap<string, Engine<Token>>;
}

/**
 * Loads a GGUF model on the CPU, and its adapters: one set of weights, a context for each. A damaged file may abort the
 * process: only ever call this in a worker.
 */
export async function loadEngines(
  file: string,
  contextTokens: number,
  adapters: readonly AdapterFile[] = [],
): Promise<Engines> {
  const threads = inferenceThreads();
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error, maxThreads: threads });
  const model = await loadModel(llama, file);
  const vocabulary = readVocabulary(model, file);
  const options = {
    contextSize: Math.min(contextTokens, model.trainContextSize),
    threads,
    batchSize: SLICE,
    flashAttention: true,
  };
  const base = new LlamaEngine(model, await model.createContext(options), vocabulary);
  const riding = new Map<string, Engine<Token>>();
  for (const adapter of adapters) {
    riding.set(adapter.name, new LlamaEngine(model, await contextWith(model, options, adapter), vocabulary));
  }
  return { base, adapters: riding };
}

async function contextWith(model: LlamaModel, options: object, { name, file }: AdapterFile): Promise<LlamaContext> {
  try {
    return await model.createContext({ ...options, lora: file });
  } catch (error) {
    throw new RagtuiError(
      'corrupt',
      `The adapter ${name} cannot be loaded: ${toRagtuiError(error).message}.`,
      'Check that it was trained on this base.',
      { cause: error },
    );
  }
}

async function loadModel(llama: Llama, file: string): Promise<LlamaModel> {
  try {
    return await llama.loadModel({ modelPath: file });
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    if (error instanceof Error && /memory/i.test(error.message)) {
      throw new RagtuiError(
        'unavailable',
        `Not enough memory for ${file}: ${why}.`,
        'Close programs or take a smaller model.',
        {
          cause: error,
        },
      );
    }
    throw new RagtuiError(
      'corrupt',
      `${file} cannot be loaded: ${why}.`,
      'Check it with `ragtui models verify`, or pull it again.',
      {
        cause: error,
      },
    );
  }
}

/** What all contexts of a model share. */
interface Vocabulary {
  readonly specials: ReadonlyMap<string, Token>;
  readonly template: ChatTemplate;
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

class LlamaEngine implements Engine<Token> {
  readonly contextTokens: number;
  readonly #model: LlamaModel;
  readonly #sequence: LlamaContextSequence;
  readonly #specials: ReadonlyMap<string, Token>;
  readonly #template: ChatTemplate;

  constructor(model: LlamaModel, context: LlamaContext, { specials, template }: Vocabulary) {
    this.#model = model;
    this.contextTokens = context.contextSize;
    this.#sequence = context.getSequence();
    this.#specials = specials;
    this.#template = template;
  }

  renderChat(messages: readonly Message[]): Token[] {
    return this.#template
      .render(messages)
      .flatMap((part) => ('text' in part ? this.tokenize(part.text) : (this.#specials.get(part.special) ?? [])));
  }

  tokenize(text: string): Token[] {
    return this.#model.tokenize(text, false);
  }

  async generate(request: GenerateRequest<Token>, { signal, onText, onPrefill }: GenerateHooks): Promise<Generated> {
    const { tokens } = request;
    const last = tokens.at(-1);
    if (last === undefined) throw new RagtuiError('invalid', 'The prompt is empty.', 'Send at least one message.');
    await this.#prefill(tokens.slice(0, -1), request.strict, signal, onPrefill);

    const filter = new StopFilter(request.stop);
    const text = new TextStream(this.#model, tokens.slice(-4));
    const room = Math.min(request.maxTokens, this.contextTokens - tokens.length);
    let completionTokens = 0;
    const finish = async (): Promise<'stop' | 'length'> => {
      if (room < 1) return 'length';
      const said: Token[] = [];
      const sampling = {
        temperature: request.temperature,
        seed: request.seed,
        topK: 0,
        topP: request.topP,
        // Of the answer alone: words of the passages are what it should say.
        ...(request.repetitionPenalty === 1
          ? {}
          : {
              repeatPenalty: { punishTokens: () => said.slice(-PENALISED_TOKENS), penalty: request.repetitionPenalty },
            }),
      };
      for await (const token of this.#sequence.evaluate([last], sampling)) {
        signal.throwIfAborted();
        completionTokens += 1;
        said.push(token);
        const { text: shown, stopped } = filter.push(text.push(token));
        if (shown) onText(shown);
        if (stopped) return 'stop';
        if (completionTokens >= room) return 'length';
      }
      return 'stop';
    };
    const reason = await finish();
    const rest = filter.push(text.end()).text + filter.end();
    if (rest) onText(rest);
    return { finish: reason, completionTokens };
  }

  async #prefill(
    tokens: Token[],
    strict: boolean,
    signal: AbortSignal,
    onPrefill: ((done: number) => void) | undefined,
  ): Promise<void> {
    const kept = strict ? 0 : Math.min(this.#sequence.compareContextTokens(tokens).firstDifferentIndex, tokens.length);
    if (kept === 0) await this.#sequence.clearHistory();
    else if (kept < this.#sequence.nextTokenIndex) {
      await this.#sequence.eraseContextTokenRanges([{ start: kept, end: this.#sequence.nextTokenIndex }]);
    }
    for (let start = this.#sequence.nextTokenIndex; start < tokens.length; start += SLICE) {
      signal.throwIfAborted();
      await this.#sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(start, start + SLICE));
      onPrefill?.(Math.min(start + SLICE, tokens.length));
    }
    signal.throwIfAborted();
  }
}

/** Text of a stream of tokens; waits for the rest of a character that is spread over several. */
class TextStream {
  readonly #model: LlamaModel;
  #before: Token[];
  #pending: Token[] = [];

  constructor(model: LlamaModel, before: Token[]) {
    this.#model = model;
    this.#before = before;
  }

  push(token: Token): string {
    this.#pending.push(token);
    const text = this.#model.detokenize(this.#pending, false, this.#before);
    if (text.endsWith('\ufffd') && this.#pending.length < MAX_BROKEN_TOKENS) return '';
    return this.#take(text);
  }

  end(): string {
    return this.#pending.length > 0 ? this.#take(this.#model.detokenize(this.#pending, false, this.#before)) : '';
  }

  #take(text: string): string {
    this.#before = [...this.#before, ...this.#pending].slice(-4);
    this.#pending = [];
    return text;
  }
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
