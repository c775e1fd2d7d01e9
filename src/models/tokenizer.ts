import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';

/** Ids are those of the Python `tokenizers` package for the same `tokenizer.json`. Pure JavaScript: safe in any process. */
export interface TextTokenizer {
  /** Ids with the special tokens of the model (`[CLS] … [SEP]`), never cut. */
  encode(text: string): number[];
  /** Tokens of the text alone, without special tokens. */
  count(text: string): number;
  /** Ids and segment ids of a pair, for a cross-encoder. */
  encodePair(first: string, second: string): { ids: number[]; types: number[] };
  readonly vocabularySize: number;
  /** What shorter texts of a batch are filled up with. */
  readonly padId: number;
}

const normalizerSchema: z.ZodType<Normalizer> = z.lazy(() =>
  z.looseObject({
    type: z.string(),
    handle_chinese_chars: z.boolean().optional(),
    normalizers: z.array(normalizerSchema).optional(),
  }),
);
interface Normalizer {
  type: string;
  handle_chinese_chars?: boolean | undefined;
  normalizers?: Normalizer[] | undefined;
}

const fileSchema = z.looseObject({
  model: z.looseObject({}),
  normalizer: normalizerSchema.nullish(),
  added_tokens: z.array(z.looseObject({ id: z.number().int(), content: z.string() })).default([]),
});

/**
 * Reads `tokenizer.json` (or the folder that holds it). Throws `not-found`, or `corrupt` when it is not one.
 */
export async function loadTokenizer(location: string): Promise<TextTokenizer> {
  let file = location;
  let text: string;
  try {
    if ((await stat(location)).isDirectory()) file = path.join(location, 'tokenizer.json');
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw toRagtuiError(error);
  }
  try {
    return tokenizerFrom(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? 'it lacks what a tokenizer.json has' : toRagtuiError(error).message;
    throw new RagtuiError('corrupt', `${file} is not a tokenizer: ${why}.`, 'Remove the model and pull it again.', {
      cause: error,
    });
  }
}

/** A tokenizer from the parsed content of a `tokenizer.json`. Its own truncation and padding settings do not apply. */
export function tokenizerFrom(json: unknown): TextTokenizer {
  const config = fileSchema.parse(json);
  const tokenizer = new Tokenizer(config, {});
  const prepare = splitsIdeographs(config.normalizer) ? (text: string) => spaceAstral(wellFormed(text)) : wellFormed;
  return {
    encode: (text) => [...tokenizer.encode(prepare(text)).ids],
    count: (text) => tokenizer.encode(prepare(text), { add_special_tokens: false }).ids.length,
    encodePair(first, second) {
      const encoding = tokenizer.encode(prepare(first), { text_pair: prepare(second), return_token_type_ids: true });
      return { ids: [...encoding.ids], types: [...encoding.token_type_ids] };
    },
    vocabularySize: tokenizer.get_vocab(true).size,
    padId: config.added_tokens.find((token) => /^(\[PAD\]|<pad>|<\|pad\|>)$/i.test(token.content))?.id ?? 0,
  };
}

/** At most `maxTokens` ids: the end of the text goes, the closing special token stays. */
export function truncate(ids: readonly number[], maxTokens: number): number[] {
  const last = ids.at(-1);
  if (ids.length <= maxTokens || last === undefined) return [...ids];
  return [...ids.slice(0, maxTokens - 1), last];
}

function splitsIdeographs(normalizer: Normalizer | null | undefined): boolean {
  if (!normalizer) return false;
  if (normalizer.type === 'BertNormalizer') return normalizer.handle_chinese_chars !== false;
  return (normalizer.normalizers ?? []).some(splitsIdeographs);
}

// The ranges the reference treats as ideographs beyond U+FFFF. The library looks at UTF-16 units there and does not
// part neighbours; a space on each side gives the reference's ids.
const ASTRAL_IDEOGRAPH = /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
const spaceAstral = (text: string): string => text.replace(ASTRAL_IDEOGRAPH, ' $& ');

// A lone half of a surrogate pair is no character: the reference cannot even be given one.
const LONE_SURROGATE = /\p{Surrogate}/gu;
const wellFormed = (text: string): string => text.replace(LONE_SURROGATE, '\ufffd');
