import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { walk } from '../../../src/kb/loaders/walk.ts';
import type { ExtractedDocument } from '../../../src/kb/types.ts';
import { fixturesDir } from '../../../src/platform/entry.ts';
import { loadPath } from './helpers.ts';

const questionsSchema = z.array(
  z.object({
    id: z.string(),
    language: z.enum(['en', 'zh']),
    question: z.string(),
    answer: z.string(),
    /** Path below sample-kb, with `#key` for one row. */
    document: z.string(),
    span: z.object({ start: z.number(), end: z.number() }),
  }),
);
const questions = questionsSchema.parse(JSON.parse(readFileSync(path.join(fixturesDir(), 'questions.json'), 'utf8')));
const root = path.join(fixturesDir(), 'sample-kb');

async function documents(): Promise<Map<string, ExtractedDocument>> {
  const found = new Map<string, ExtractedDocument>();
  for await (const entry of walk([root])) {
    for (const document of await loadPath(entry.path)) {
      const name = path.relative(root, entry.path).split(path.sep).join('/');
      found.set(document.key ? `${name}#${document.key}` : name, document);
    }
  }
  return found;
}

test('each answer stands where its span says, and nowhere else in its document', async () => {
  const found = await documents();
  for (const { document, answer, span } of questions) {
    const text = found.get(document)?.text ?? '';
    expect(text.slice(span.start, span.end)).toBe(answer);
    expect(text.indexOf(answer, span.start + 1)).toBe(-1);
  }
});

test('there are enough documents and questions in both languages', async () => {
  const names = [...(await documents()).keys()];
  expect(new Set(names.map((name) => name.split('#')[0])).size).toBe(12);
  expect(questions.filter(({ language }) => language === 'en')).toHaveLength(12);
  expect(questions.filter(({ language }) => language === 'zh')).toHaveLength(12);
  expect(new Set(questions.map(({ id }) => id)).size).toBe(24);
});
