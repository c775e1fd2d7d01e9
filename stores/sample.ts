import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { fixturesDir } from '../src/platform/entry.ts';
import type { SampleKnowledge } from './onboarding.ts';

const questionsSchema = z.array(z.object({ language: z.enum(['en', 'zh']), question: z.string() }));
/** Suggestions of one language; more would be a wall of text. */
const SUGGESTED = 5;

/** The sample documents shipped with the package, and questions they answer. */
export function sampleKnowledge(): SampleKnowledge {
  const folder = path.join(fixturesDir(), 'sample-kb');
  const questions = readQuestions(path.join(fixturesDir(), 'questions.json'));
  const of = (language: 'en' | 'zh'): string[] =>
    questions
      .filter((each) => each.language === language)
      .map(({ question }) => question)
      .slice(0, SUGGESTED);
  return {
    paths: { en: path.join(folder, 'en'), zh: path.join(folder, 'zh'), both: folder },
    dataset: path.join(fixturesDir(), 'sample-questions.jsonl'),
    questions: { en: of('en'), zh: of('zh') },
  };
}

function readQuestions(file: string): z.infer<typeof questionsSchema> {
  try {
    return questionsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Suggestions only: without them the field is simply empty.
    return [];
  }
}
