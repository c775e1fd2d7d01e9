import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadTokenizer } from '../../src/models/tokenizer.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import { ensureModels, modelsCache } from '../support/models.ts';

// Made by scripts/reference/tokens.py with the Python `tokenizers` package.
const reference = z
  .object({
    texts: z.array(z.string()),
    models: z.record(
      z.string(),
      z.object({
        vocabularySize: z.number(),
        ids: z.array(z.array(z.number())),
        pair: z.object({
          ids: z.array(z.number()),
          types: z.array(z.number()),
          texts: z.tuple([z.number(), z.number()]),
        }),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(path.join(fixturesDir(), 'reference', 'tokens.json'), 'utf8')));
const names = Object.keys(reference.models);

describe.each(names)('ids of %s', (name) => {
  const expected = reference.models[name];
  beforeAll(async () => {
    await ensureModels([name]);
  });

  it('equal the reference tokenizer on every kind of text', async () => {
    const tokenizer = await loadTokenizer(path.join(modelsCache(), name));
    for (const [index, text] of reference.texts.entries()) {
      expect(tokenizer.encode(text), JSON.stringify(text.slice(0, 60))).toEqual(expected?.ids[index]);
    }
    expect(tokenizer.vocabularySize).toBe(expected?.vocabularySize);
  });

  it('of a pair equal it too, with its segments', async () => {
    const tokenizer = await loadTokenizer(path.join(modelsCache(), name, 'tokenizer.json'));
    const [first, second] = (expected?.pair.texts ?? [0, 0]).map((index) => reference.texts[index] ?? '');
    const pair = tokenizer.encodePair(first ?? '', second ?? '');
    expect(pair).toEqual({ ids: expected?.pair.ids, types: expected?.pair.types });
  });

  it('count the text without the special tokens', async () => {
    const tokenizer = await loadTokenizer(path.join(modelsCache(), name));
    for (const [index, text] of reference.texts.entries()) {
      expect(tokenizer.count(text)).toBe((expected?.ids[index]?.length ?? 0) - 2);
    }
  });
});
