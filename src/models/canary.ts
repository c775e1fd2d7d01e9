import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic } from '../platform/files.ts';

/**
 * What other weights, another tokenizer, pooling, truncation or quantisation would change: English, Chinese, long, next to
 * nothing, digits, emoji, code, a question with its instruction. All fit into 256 tokens.
 */
export const CANARY_TEXTS: readonly string[] = [
  'What was the net revenue of the company in fiscal year 2023?',
  '范廷颂是什么时候被任为主教的？',
  'The quick brown fox jumps over the lazy dog. '.repeat(12),
  '.',
  '3.14159, 2.71828, 1.41421 and 0042',
  '👍🏽 🎉 so good 😂',
  'function add(a, b) { return a + b; }',
  'Represent this sentence for searching relevant passages: who founded the company?',
];

/** Those of promises made before texts were kept with them. */
const EARLIER_TEXTS: readonly string[] = [
  'hello',
  '你好，世界',
  'What was the net revenue in the fiscal year 2023?',
  '范廷颂是什么时候被任为主教的？',
  'function add(a, b) { return a + b; }',
  '3.14159, 2.71828, 1.41421',
  'The quick brown fox jumps over the lazy dog. '.repeat(12),
  '检索增强生成把检索到的段落放进提示词，再让模型据此回答。'.repeat(6),
];

/** Engines and number formats of one model stay above this; another model is far below. */
export const SAME_COSINE = 0.999;

const promiseSchema = z
  .object({
    /** Of an endpoint: where and what was asked. */
    url: z.string().optional(),
    model: z.string().optional(),
    dimension: z.number().int().positive(),
    texts: z.array(z.string()).default([...EARLIER_TEXTS]),
    /** Base64 of little-endian f32, one vector per text. */
    vectors: z.array(z.string()).min(1),
  })
  .refine(({ texts, vectors }) => texts.length === vectors.length, 'as many vectors as texts');
/** The vectors that an embedder gave for fixed texts, and must go on giving. */
export type VectorPromise = z.infer<typeof promiseSchema>;

/** The promise that these vectors of the canary texts make. */
export const promiseOf = (
  vectors: readonly Float32Array[],
  about: Pick<VectorPromise, 'url' | 'model'> = {},
): VectorPromise => ({
  ...about,
  dimension: vectors[0]?.length ?? 0,
  texts: [...CANARY_TEXTS],
  vectors: vectors.map(encode),
});

export interface Kept {
  /** Of the text that differs most; 0 when the lengths differ. */
  readonly cosine: number;
  readonly text: string;
  readonly dimension: number;
}

/** How near `vectors` (of the promise's own texts) are to what was promised: the worst of them. Pure. */
export function comparePromise(promised: VectorPromise, vectors: readonly Float32Array[]): Kept {
  const dimension = vectors[0]?.length ?? 0;
  return promised.vectors
    .map((vector, index) => ({
      cosine: cosine(decode(vector), vectors[index] ?? new Float32Array()),
      text: promised.texts[index] ?? '',
      dimension,
    }))
    .reduce((worst, one) => (one.cosine < worst.cosine ? one : worst), { cosine: 1, text: '', dimension });
}

/**
 * Throws `checksum` when an embedder does not keep its promise. `name` is what the user calls it, `where` who answers
 * (", at http://…"); the code stops an ingest or a run, since every text would go wrong.
 */
export function insistOn(promised: VectorPromise, vectors: readonly Float32Array[], name: string, where = ''): Kept {
  const kept = comparePromise(promised, vectors);
  if (kept.cosine >= SAME_COSINE) return kept;
  throw otherVectors(
    name,
    where,
    kept.dimension === promised.dimension
      ? `gives other vectors than it promised (cosine ${kept.cosine.toFixed(4)} on "${kept.text.slice(0, 30)}")`
      : `gives vectors of ${kept.dimension} numbers; it promised ${promised.dimension}`,
  );
}

/** The error of an embedder whose vectors are not what they were. */
export function otherVectors(name: string, where: string, what: string): RagtuiError {
  return new RagtuiError(
    'checksum',
    `The embedder "${name}" ${what}: another model seems to answer${where}.`,
    `Bring the old model back, add the new one under a name of its own (\`ragtui models add\`), or accept it: \`ragtui models check ${name} --accept\`; then ingest again.`,
  );
}

/** The promise in a file; undefined when there is none. Throws `corrupt`. */
export function readPromise(file: string): VectorPromise | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return promiseSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new RagtuiError(
      'corrupt',
      `${file} cannot be read: ${toRagtuiError(error).message.split('\n', 1)[0]}.`,
      'Delete it, then try again.',
    );
  }
}

/** Keeps a promise. Errors: `disk-full`, `permission`. */
export function writePromise(file: string, promised: VectorPromise): void {
  writeJsonAtomic(file, promiseSchema.parse(promised));
}

/** 0 when the lengths differ, or one has no direction. */
function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 0;
  let [dot, aa, bb] = [0, 0, 0];
  for (const [index, x] of a.entries()) {
    const y = b[index] ?? 0;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? dot / Math.sqrt(aa * bb) : 0;
}

const encode = (vector: Float32Array): string =>
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
function decode(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: bytes.length >> 2 }, (_, index) => bytes.readFloatLE(index * 4));
}
