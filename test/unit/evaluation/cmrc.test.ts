import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { nltkWords } from '../../../src/evaluation/metrics/nltk-words.ts';
import { findMetric } from '../../../src/evaluation/metrics/registry.ts';
import type { ScoredItem } from '../../../src/evaluation/metrics/types.ts';
import { fixturesDir } from '../../../src/platform/entry.ts';

/** Made by scripts/reference/cmrc.py with Python and nltk. */
const { cases, words } = z
  .object({
    cases: z.array(z.object({ output: z.string(), answers: z.array(z.string()), em: z.number(), f1: z.number() })),
    words: z.array(z.object({ text: z.string(), words: z.array(z.string()) })),
  })
  .parse(JSON.parse(readFileSync(path.join(fixturesDir(), 'reference', 'metrics', 'cmrc.json'), 'utf8')));

const item = (output: string | null, answers: readonly string[]): ScoredItem => ({
  question: 'q',
  goldContext: 'gold',
  contextId: 'c1',
  answers,
  output,
  context: null,
  retrieved: null,
  topK: 1,
});

describe('the official scores of CMRC 2018', () => {
  it.each(cases)('$output against $answers', ({ output, answers, em, f1 }) => {
    expect(findMetric('cmrc-em').score(item(output, answers))).toBe(em);
    expect(findMetric('cmrc-f1').score(item(output, answers))).toBeCloseTo(f1, 12);
  });

  it('do not apply where no LLM answered', () => {
    expect(findMetric('cmrc-em').score(item(null, ['a']))).toBeNull();
    expect(findMetric('cmrc-f1').score(item(null, ['a']))).toBeNull();
  });
});

it('cuts words as nltk does', () => {
  for (const { text, words: expected } of words) expect([text, nltkWords(text)]).toEqual([text, expected]);
});
