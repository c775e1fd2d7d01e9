import type { Message } from '../../rag/types.ts';
import type { JsonSchema } from './json-schema.ts';

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
  /** The answer is one JSON object: of this schema, or any. */
  readonly json?: JsonSchema | 'any';
  /** How likely each token was, with so many of the likeliest others. */
  readonly logprobs?: number;
}

export interface GenerateHooks {
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
  /** Prompt tokens read so far. */
  readonly onPrefill?: (done: number) => void;
  /** Not when strict: prompt tokens that need not be read, since an earlier request began the same. */
  readonly onReuse?: (tokens: number) => void;
  /** A token was chosen; its text may come later. */
  readonly onToken?: () => void;
  readonly onLogprob?: (logprob: TokenLogprob) => void;
}

export interface Logprob {
  readonly token: string;
  /** Natural logarithm of the probability before temperature and penalties, as vLLM gives it. */
  readonly logprob: number;
}
export interface TokenLogprob extends Logprob {
  /** The likeliest first. */
  readonly top: readonly Logprob[];
}

export interface Generated {
  readonly finish: 'stop' | 'length';
  readonly completionTokens: number;
}

/** A model, or a model with an adapter, as the HTTP side needs it; `T` is its kind of token id. */
export interface Engine<T extends number = number> {
  readonly contextTokens: number;
  /** Token ids of a chat, ready for the assistant's words. */
  renderChat(messages: readonly Message[]): T[];
  /** Token ids of plain text; nothing in it counts as a control token. */
  tokenize(text: string): T[];
  /** Text of token ids, control tokens written out. Errors: `invalid` for an id the model does not have. */
  detokenize(tokens: readonly number[]): string;
  /** Throws the signal's reason when cancelled. Strict ones run alone; of others as many as the host has places. */
  generate(request: GenerateRequest<T>, hooks: GenerateHooks): Promise<Generated>;
}

/** One set of weights: the model and the adapters that ride on it. */
export interface ModelHost<T extends number = number> {
  readonly base: Engine<T>;
  /** By name; changes as adapters are loaded. */
  readonly adapters: ReadonlyMap<string, Engine<T>>;
  /** Requests that are not strict and may run at once; 1 = those run alone too. */
  readonly parallel: number;
  /** Share of the places for context that running answers hold, 0 to 1. */
  kvUsage(): number;
  /** Adds an adapter (a peft folder or a GGUF file). Errors: `not-found`, `corrupt`, `invalid`, `unsupported`. */
  load(name: string, source: string): Promise<void>;
  /** Takes one away; what it is answering is answered. */
  unload(name: string): void;
}
