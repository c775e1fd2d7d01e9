import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';

/** Ids are those of the Python `tokenizers` package for the same `tokenizer.json`. Pure JavaScript: safe in any process. */
export interface TextTokenizer {
  /** Ids with the special tokens of the model (`[CLS] … [SEP]`), never cut. */
  encode(text: string): number[];
  /** Ids of the text alone: no special tokens are added, those written in it are taken for what they are. */
  plain(text: string): number[];
  /** Tokens of the text alone, without special tokens. */
  count(text: string): number;
  /** The id of a token by its exact form in the vocabulary. */
  idOf(token: string): number | undefined;
  /** How ids read as text, control tokens written out. */
  decode(ids: readonly number[]): string;
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
    lowercase: z.boolean().optional(),
    normalizers: z.array(normalizerSchema).optional(),
  }),
);
interface Normalizer {
  type: string;
  handle_chinese_chars?: boolean | undefined;
  lowercase?: boolean | undefined;
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
  const prepare = preparation(config.normalizer);
  const plain = (text: string) => tokenizer.encode(prepare(text), { add_special_tokens: false }).ids;
  return {
    encode: (text) => [...tokenizer.encode(prepare(text)).ids],
    plain: (text) => [...plain(text)],
    count: (text) => plain(text).length,
    idOf: (token) => tokenizer.token_to_id(token),
    decode: (ids) =>
      ids.length === 0
        ? ''
        : tokenizer.decode([...ids], { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
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

/** What the library's normalizers do otherwise than the reference's is done before they see the text. */
function preparation(normalizer: Normalizer | null | undefined): (text: string) => string {
  const all = flatten(normalizer);
  const splits = all.some((one) => one.type === 'BertNormalizer' && one.handle_chinese_chars !== false);
  const lowers = all.some(
    (one) => one.type === 'Lowercase' || (one.type === 'BertNormalizer' && one.lowercase !== false),
  );
  return (text) => {
    let prepared = wellFormed(text);
    if (splits) prepared = spaceAstral(prepared);
    if (lowers) prepared = plainSigma(prepared);
    return prepared;
  };
}

function flatten(normalizer: Normalizer | null | undefined): Normalizer[] {
  if (!normalizer) return [];
  return [normalizer, ...(normalizer.normalizers ?? []).flatMap(flatten)];
}

// The ranges the reference treats as ideographs beyond U+FFFF. The library looks at UTF-16 units there and does not
// part neighbours; a space on each side gives the reference's ids.
const ASTRAL_IDEOGRAPH = /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
const spaceAstral = (text: string): string => text.replace(ASTRAL_IDEOGRAPH, ' $& ');

// JavaScript lowers a final sigma to another letter than one inside a word; the reference goes by single characters.
const plainSigma = (text: string): string => text.replaceAll('Σ', 'σ');

// A lone half of a surrogate pair is no character: the reference cannot even be given one.
const LONE_SURROGATE = /\p{Surrogate}/gu;
const wellFormed = (text: string): string => text.replace(LONE_SURROGATE, '\ufffd');
