import { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import { type TextTokenizer, tokenizerFrom } from '../tokenizer.ts';
import { type GgufValue, readGgufHeader } from './read.ts';

const TOKENS = 'tokenizer.ggml.tokens';
const MERGES = 'tokenizer.ggml.merges';
const TYPES = 'tokenizer.ggml.token_type';
/** llama.cpp's token types that are written into a prompt by its template alone. */
const CONTROL = 3;
const USER_DEFINED = 4;

const texts = z.array(z.string());

/** What a GGUF file says of its tokenizer and of how chats are written for it. */
export interface GgufVocabulary {
  readonly chatTemplate: string | undefined;
  /** How its control tokens are written. */
  readonly special: { readonly all: readonly string[]; readonly bos: string; readonly eos: string };
  /** Counts plain text; undefined for a kind of tokenizer that we cannot rebuild. */
  readonly tokenizer: TextTokenizer | undefined;
}

/** How chats are written for a GGUF: its template and the tokens that it names. Errors: `corrupt`, `unsupported`, `not-found`. */
export function readGgufTemplate(file: string): { source: string | undefined; bos: string; eos: string } {
  const { metadata } = readGgufHeader(file, [TOKENS]);
  const tokens = texts.safeParse(metadata.get(TOKENS));
  const named = (key: string): string => {
    const id = metadata.get(`tokenizer.ggml.${key}_token_id`);
    return typeof id === 'number' ? (tokens.data?.[id] ?? '') : '';
  };
  const template = metadata.get('tokenizer.chat_template');
  return { source: typeof template === 'string' ? template : undefined, bos: named('bos'), eos: named('eos') };
}

/** Reads the vocabulary of a GGUF file, without native code. Errors: `corrupt`, `unsupported`, `not-found`. */
export function readGgufVocabulary(file: string): GgufVocabulary {
  const { metadata } = readGgufHeader(file, [TOKENS, MERGES, TYPES]);
  const tokens = texts.safeParse(metadata.get(TOKENS));
  if (!tokens.success) throw new RagtuiError('corrupt', `${file} has no vocabulary.`, 'Pull or make it again.');
  const types = metadata.get(TYPES);
  const typeOf = (id: number): unknown => (Array.isArray(types) ? types[id] : undefined);
  const named = (key: string): string => {
    const id = metadata.get(`tokenizer.ggml.${key}_token_id`);
    return typeof id === 'number' ? (tokens.data[id] ?? '') : '';
  };
  const template = metadata.get('tokenizer.chat_template');
  return {
    chatTemplate: typeof template === 'string' ? template : undefined,
    special: {
      all: tokens.data.filter((_, id) => typeOf(id) === CONTROL || typeOf(id) === USER_DEFINED),
      bos: named('bos'),
      eos: named('eos'),
    },
    tokenizer: rebuilt(tokens.data, metadata),
  };
}

function rebuilt(tokens: readonly string[], metadata: ReadonlyMap<string, GgufValue>): TextTokenizer | undefined {
  const merges = texts.safeParse(metadata.get(MERGES));
  const split = PRE_TOKENIZERS[String(metadata.get('tokenizer.ggml.pre') ?? 'default')];
  if (metadata.get('tokenizer.ggml.model') !== 'gpt2' || !merges.success || !split) return undefined;
  return tokenizerFrom({
    version: '1.0',
    normalizer: null,
    pre_tokenizer: split,
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.data,
    },
    added_tokens: [],
  });
}

const byteLevel = (split: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: split,
});
const byRegex = (digits: string) => ({
  type: 'Sequence',
  pretokenizers: [
    {
      type: 'Split',
      pattern: {
        Regex: `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
      },
      behavior: 'Isolated',
      invert: false,
    },
    byteLevel(false),
  ],
});

/** How text is cut before merges, by llama.cpp's name for it (its `llama_vocab_pre_type`). */
const PRE_TOKENIZERS: Readonly<Record<string, object>> = {
  default: byteLevel(true),
  'gpt-2': byteLevel(true),
  smollm: {
    type: 'Sequence',
    pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(true)],
  },
  qwen2: byRegex('\\p{N}'),
  'llama-bpe': byRegex('\\p{N}{1,3}'),
};
