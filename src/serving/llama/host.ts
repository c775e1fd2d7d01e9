import type { LlamaContext, LlamaContextSequence, LlamaGrammar, Token } from 'node-llama-cpp';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { Message } from '../../rag/types.ts';
import { ChatPlaces, type TakenPlace } from './chat-places.ts';
import type { Engine, Generated, GenerateHooks, GenerateRequest, ModelHost } from './engine.ts';
import { generate, SLICE } from './generate.ts';
import { jsonGrammar } from './json-schema.ts';
import { type AdapterFile, type LoadedModel, loadModel } from './load.ts';

export interface HostOptions {
  readonly contextTokens: number;
  /** Chats that are answered at once; 1 = one after another, without a context for several. */
  readonly parallel: number;
  readonly adapters?: readonly AdapterFile[];
  /** Makes a GGUF file of an adapter, at a path that was never used before: the engine keeps what it read by path. */
  readonly prepare?: (name: string, source: string) => string;
}

/**
 * Loads a GGUF model on the CPU, and its adapters: one set of weights, a context for each. A damaged file may abort the
 * process: only ever call this in a worker.
 */
export async function loadHost(file: string, options: HostOptions): Promise<LlamaHost> {
  const loaded = await loadModel(file, options.contextTokens);
  const host = new LlamaHost(loaded, await loaded.createContext({}), options);
  for (const adapter of options.adapters ?? []) await host.add(adapter);
  return host;
}

/** One set of weights. Each model or adapter has a context for one answer; chats in parallel share one more. */
export class LlamaHost implements ModelHost<Token> {
  readonly base: LlamaEngine;
  readonly parallel: number;
  readonly #loaded: LoadedModel;
  readonly #chats: SharedContext;
  readonly #adapters = new Map<string, LlamaEngine>();
  readonly #prepare: HostOptions['prepare'];

  constructor(loaded: LoadedModel, context: LlamaContext, { parallel, prepare }: HostOptions) {
    this.#loaded = loaded;
    this.#prepare = prepare;
    this.parallel = Math.max(1, parallel);
    this.#chats = new SharedContext(loaded, this.parallel);
    this.base = new LlamaEngine(loaded, context, this.#chats);
  }

  get adapters(): ReadonlyMap<string, LlamaEngine> {
    return this.#adapters;
  }

  kvUsage(): number {
    const engines = [this.base, ...this.#adapters.values()];
    const used = engines.reduce((sum, engine) => sum + engine.usedCells, this.#chats.usedCells);
    const cells = engines.reduce((sum, engine) => sum + engine.contextTokens, this.#chats.cells);
    return used / cells;
  }

  async load(name: string, source: string): Promise<void> {
    if (!this.#prepare) throw new RagtuiError('unsupported', 'This server takes no adapters while it runs.');
    await this.add({ name, file: this.#prepare(name, source) });
  }

  async add(adapter: AdapterFile): Promise<void> {
    const context = await this.#loaded.createContext({ adapter });
    const before = this.#adapters.get(adapter.name);
    this.#adapters.set(adapter.name, new LlamaEngine(this.#loaded, context, this.#chats, adapter));
    before?.retire();
  }

  unload(name: string): void {
    const engine = this.#adapters.get(name);
    this.#adapters.delete(name);
    engine?.retire();
  }
}

interface Lease {
  readonly owner: LlamaEngine;
  readonly places: ChatPlaces;
  users: number;
}

/**
 * The context in which chats run in parallel. There is one at a time, made when it is first needed and made anew for
 * another adapter: an adapter belongs to a context, and each context for several costs memory for all of their tokens.
 */
class SharedContext {
  readonly #loaded: LoadedModel;
  readonly #parallel: number;
  #current: Lease | undefined;
  /** Those who want it, in the order they came; ends when the last of them has it. */
  #line: Promise<unknown> = Promise.resolve();
  #onIdle: (() => void) | undefined;

  constructor(loaded: LoadedModel, parallel: number) {
    this.#loaded = loaded;
    this.#parallel = parallel;
  }

  /** Whether there is one at all. */
  get exists(): boolean {
    return this.#parallel > 1;
  }

  get cells(): number {
    return this.#current?.places.cells ?? 0;
  }

  get usedCells(): number {
    return this.#current?.places.usedCells ?? 0;
  }

  /** A place in the context of `engine`; waits until the one of another is idle. */
  async take(engine: LlamaEngine, tokens: readonly Token[], signal: AbortSignal): Promise<TakenPlace> {
    const mine = this.#line.then(() => this.#lease(engine));
    this.#line = mine.catch(() => undefined);
    const current = await mine;
    const release = () => {
      current.users -= 1;
      if (current.users === 0) this.#onIdle?.();
    };
    if (signal.aborted) {
      release();
      throw signal.reason;
    }
    const place = current.places.take(tokens);
    return {
      ...place,
      leave: () => {
        place.leave();
        release();
      },
    };
  }

  /** Gives its memory back if it belongs to `engine`. */
  async drop(engine: LlamaEngine): Promise<void> {
    const dropped = this.#line.then(async () => {
      if (this.#current?.owner === engine) await this.#end();
    });
    this.#line = dropped.catch(() => undefined);
    await dropped;
  }

  async #lease(engine: LlamaEngine): Promise<Lease> {
    let lease = this.#current;
    if (lease?.owner !== engine) {
      await this.#end();
      const context = await this.#loaded.createContext({
        sequences: this.#parallel,
        ...(engine.adapter ? { adapter: engine.adapter } : {}),
      });
      lease = { owner: engine, places: new ChatPlaces(context), users: 0 };
      this.#current = lease;
    }
    lease.users += 1;
    return lease;
  }

  async #end(): Promise<void> {
    const current = this.#current;
    if (!current) return;
    if (current.users > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.#onIdle = undefined;
    this.#current = undefined;
    await current.places.dispose();
  }
}

/** The model, or the model with one adapter. */
class LlamaEngine implements Engine<Token> {
  readonly contextTokens: number;
  readonly adapter: AdapterFile | undefined;
  readonly #loaded: LoadedModel;
  readonly #context: LlamaContext;
  readonly #sequence: LlamaContextSequence;
  readonly #chats: SharedContext;
  /** Answers under way; those in the sequence of its own run one at a time. */
  #running = 0;
  #alone = 0;
  #isRetired = false;

  constructor(loaded: LoadedModel, context: LlamaContext, chats: SharedContext, adapter?: AdapterFile) {
    this.#loaded = loaded;
    this.#context = context;
    this.#sequence = context.getSequence();
    this.contextTokens = context.contextSize;
    this.#chats = chats;
    this.adapter = adapter;
  }

  get usedCells(): number {
    return this.#alone > 0 ? this.#sequence.nextTokenIndex : 0;
  }

  renderChat(messages: readonly Message[]): Token[] {
    const { template, specials } = this.#loaded.vocabulary;
    return template
      .render(messages)
      .flatMap((part) => ('text' in part ? this.tokenize(part.text) : (specials.get(part.special) ?? [])));
  }

  tokenize(text: string): Token[] {
    return this.#loaded.model.tokenize(text, false);
  }

  detokenize(tokens: readonly number[]): string {
    const size = this.#loaded.model.fileInfo.metadata.tokenizer?.ggml?.tokens?.length ?? 0;
    const isToken = (id: number): id is Token => Number.isInteger(id) && id >= 0 && id < size;
    const ids = tokens.filter(isToken);
    if (ids.length < tokens.length) throw new RagtuiError('invalid', `Token ids go from 0 to ${size - 1}.`);
    return this.#loaded.model.detokenize(ids, true);
  }

  async generate(request: GenerateRequest<Token>, hooks: GenerateHooks): Promise<Generated> {
    this.#running += 1;
    try {
      const grammar = await this.#grammar(request);
      if (request.strict || !this.#chats.exists) return await this.#generateAlone(request, grammar, hooks);
      const place = await this.#chats.take(this, request.tokens, hooks.signal);
      try {
        return await generate({ ...this.#about(grammar), ...place }, request, hooks);
      } finally {
        place.leave();
      }
    } finally {
      this.#running -= 1;
      if (this.#isRetired && this.#running === 0) this.#dispose();
    }
  }

  /** Ends it when its last answer is written. */
  retire(): void {
    this.#isRetired = true;
    if (this.#running === 0) this.#dispose();
  }

  async #generateAlone(
    request: GenerateRequest<Token>,
    grammar: LlamaGrammar | undefined,
    hooks: GenerateHooks,
  ): Promise<Generated> {
    this.#alone += 1;
    try {
      const place = { ...this.#about(grammar), sequence: this.#sequence, slice: () => SLICE };
      return await generate(
        { ...place, step: (work) => work(), reading: (_tokens, _signal, read) => read() },
        request,
        hooks,
      );
    } finally {
      this.#alone -= 1;
    }
  }

  #about(grammar: LlamaGrammar | undefined) {
    return { model: this.#loaded.model, contextTokens: this.contextTokens, grammar };
  }

  async #grammar({ json }: GenerateRequest<Token>): Promise<LlamaGrammar | undefined> {
    if (!json) return undefined;
    try {
      return await this.#loaded.llama.createGrammar({ grammar: jsonGrammar(json) });
    } catch (error) {
      throw new RagtuiError('invalid', `The schema cannot be used: ${toRagtuiError(error).message}.`);
    }
  }

  #dispose(): void {
    void this.#chats
      .drop(this)
      .then(() => this.#context.dispose())
      .then(() => (this.adapter ? this.#loaded.freeAdapter(this.adapter) : undefined))
      .catch((error: unknown) => console.error(error));
  }
}
