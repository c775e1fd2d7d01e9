import {
  type LlamaContextSequence,
  type LlamaGrammar,
  LlamaGrammarEvaluationState,
  type LlamaModel,
  type SequenceEvaluateOptions,
  type Token,
} from 'node-llama-cpp';
import { RagtuiError } from '../../platform/errors.ts';
import type { Generated, GenerateHooks, GenerateRequest, TokenLogprob } from './engine.ts';
import { StopFilter } from './stop-filter.ts';
import { TextStream } from './text-stream.ts';

/** Tokens fed at once while reading a prompt: between two slices a cancel is heard. Part of what "strict" fixes. */
export const SLICE = 128;
/** How far back a repetition is noticed. */
const PENALISED_TOKENS = 128;
const PENALTY_OFF = 1;

/** Where and how an answer is made. */
export interface Place {
  readonly model: LlamaModel;
  readonly sequence: LlamaContextSequence;
  readonly contextTokens: number;
  readonly grammar: LlamaGrammar | undefined;
  /** Called for each thing the engine shall do; beside others it waits until they are ready too. */
  step<T>(work: () => Promise<T>): Promise<T>;
  /** Runs what reads so many tokens of a prompt; beside others one long prompt is read after another. */
  reading(tokens: number, signal: AbortSignal, read: () => Promise<void>): Promise<void>;
  /** Prompt tokens to read in one step. */
  slice(): number;
}

/** Reads the prompt and writes the answer. Throws the signal's reason when cancelled, at most one step later. */
export async function generate(
  place: Place,
  request: GenerateRequest<Token>,
  hooks: GenerateHooks,
): Promise<Generated> {
  const { tokens } = request;
  const last = tokens.at(-1);
  if (last === undefined) throw new RagtuiError('invalid', 'The prompt is empty.', 'Send at least one message.');
  await readPrompt(place, tokens.slice(0, -1), request.strict, hooks);
  return await write(place, request, last, hooks);
}

async function readPrompt(
  { sequence, step, slice, reading }: Place,
  tokens: Token[],
  strict: boolean,
  { signal, onPrefill, onReuse }: GenerateHooks,
): Promise<void> {
  const kept = strict ? 0 : Math.min(sequence.compareContextTokens(tokens).firstDifferentIndex, tokens.length);
  if (kept === 0) await sequence.clearHistory();
  else if (kept < sequence.nextTokenIndex) {
    await sequence.eraseContextTokenRanges([{ start: kept, end: sequence.nextTokenIndex }]);
  }
  // The engine may keep less than it was asked to.
  let read = Math.min(kept, sequence.nextTokenIndex);
  if (!strict) onReuse?.(read);
  await reading(tokens.length - read, signal, async () => {
    while (read < tokens.length) {
      signal.throwIfAborted();
      const part = tokens.slice(read, read + slice());
      await step(() => sequence.evaluateWithoutGeneratingNewTokens(part));
      read += part.length;
      onPrefill?.(read);
    }
  });
  signal.throwIfAborted();
}

async function write(
  place: Place,
  request: GenerateRequest<Token>,
  last: Token,
  { signal, onText, onToken, onLogprob }: GenerateHooks,
): Promise<Generated> {
  const filter = new StopFilter(request.stop);
  const text = new TextStream(place.model, request.tokens.slice(-4));
  const room = Math.min(request.maxTokens, place.contextTokens - request.tokens.length);
  const said: Token[] = [];
  const choose = request.logprobs === undefined ? plainChooser(place, request, last, said) : undefined;
  const next = choose ? choose.next : scoringChooser(place, request, last, said, onLogprob);

  const show = (piece: string): boolean => {
    const { text: shown, stopped } = filter.push(piece);
    if (shown) onText(shown);
    return stopped;
  };
  const untilEnd = async (): Promise<Generated['finish']> => {
    while (said.length < room) {
      const token = await next();
      signal.throwIfAborted();
      if (token === undefined) return 'stop';
      said.push(token);
      onToken?.();
      if (show(text.push(token))) return 'stop';
    }
    return 'length';
  };
  try {
    const finish = await untilEnd();
    const rest = filter.push(text.end()).text + filter.end();
    if (rest) onText(rest);
    return { finish, completionTokens: said.length };
  } finally {
    await choose?.close();
  }
}

function sampling(
  request: GenerateRequest<Token>,
  said: readonly Token[],
): Pick<SequenceEvaluateOptions, 'temperature' | 'seed' | 'topK' | 'topP' | 'repeatPenalty'> {
  return {
    temperature: request.temperature,
    seed: request.seed,
    topK: 0,
    topP: request.topP,
    // Of the answer alone: words of the passages are what it should say.
    ...(request.repetitionPenalty === PENALTY_OFF
      ? {}
      : { repeatPenalty: { punishTokens: () => said.slice(-PENALISED_TOKENS), penalty: request.repetitionPenalty } }),
  };
}

/** Gives one token after another; undefined when the model ends its turn. */
function plainChooser(
  { model, sequence, grammar, step }: Place,
  request: GenerateRequest<Token>,
  last: Token,
  said: readonly Token[],
): { next(): Promise<Token | undefined>; close(): Promise<void> } {
  const iterator = sequence.evaluate([last], {
    ...sampling(request, said),
    ...(grammar ? { grammarEvaluationState: new LlamaGrammarEvaluationState({ model, grammar }) } : {}),
  });
  return {
    next: async () => {
      const { value, done } = await step(() => iterator.next());
      return done ? undefined : value;
    },
    close: async () => {
      await iterator.return();
    },
  };
}

/** As `plainChooser`, and tells how likely each token was. A token at a time: the engine starts its sampler anew for each. */
function scoringChooser(
  { model, sequence, step }: Place,
  request: GenerateRequest<Token>,
  last: Token,
  said: readonly Token[],
  onLogprob: GenerateHooks['onLogprob'],
): () => Promise<Token | undefined> {
  const top = request.logprobs ?? 0;
  const text = (token: Token) => model.detokenize([token], true);
  return async () => {
    const options = {
      ...sampling(request, said),
      // Else every token would be drawn with the same number.
      seed: (request.seed + Math.imul(said.length, 0x9e3779b1)) >>> 0,
    };
    const generateNext = {
      token: true,
      logits: { filter: { tokens: [], includeSelected: true, includeMax: true, includeTop: top } },
      totalLogitWeight: true,
      options,
    };
    const output = await step(() => sequence.controlledEvaluate([[said.at(-1) ?? last, { generateNext }]]));
    const { token, logits, totalLogitWeight } = output[0]?.next ?? {};
    if (token == null || !logits || totalLogitWeight === undefined) {
      throw new RagtuiError('internal', 'The engine chose no token.');
    }
    if (model.isEogToken(token)) return undefined;
    // The weight is the sum of exp(logit − greatest logit) over the vocabulary.
    const ranked = [...logits].sort(([, a], [, b]) => b - a);
    const offset = (ranked[0]?.[1] ?? 0) + Math.log(totalLogitWeight);
    const scored = (id: Token, logit: number) => ({ token: text(id), logprob: logit - offset });
    const entry: TokenLogprob = {
      ...scored(token, logits.get(token) ?? Number.NEGATIVE_INFINITY),
      top: ranked.slice(0, top).map(([id, logit]) => scored(id, logit)),
    };
    onLogprob?.(entry);
    return token;
  };
}
