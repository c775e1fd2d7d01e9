import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { fixturesDir } from '../src/platform/entry.ts';
import type { SampleKnowledge } from './onboarding.ts';

const questionsSchema = z.object({ en: z.array(z.string()), zh: z.array(z.string()) });
const NONE = { en: [], zh: [] };

/** The sample documents shipped with the package, and questions they answer (none when the file is missing). */
export function sampleKnowledge(): SampleKnowledge {
  const folder = path.join(fixturesDir(), 'sample-kb');
  return { path: folder, questions: readQuestions(path.join(fixturesDir(), 'sample-questions.json')) };
}

function readQuestions(file: string): SampleKnowledge['questions'] {
  try {
    return questionsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Suggestions only: without them the field is simply empty.
    return NONE;
  }
}
