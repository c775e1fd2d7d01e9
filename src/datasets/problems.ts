import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { errnoOf, toRagtuiError } from '../platform/errors.ts';
import type { RowProblem } from './types.ts';

const PROBLEMS_FILE = 'problems.json';

const problemsSchema = z.array(
  z.object({
    severity: z.enum(['skipped', 'warning']),
    file: z.string().exactOptional(),
    line: z.number().int(),
    message: z.string(),
  }),
);

/** Keeps what an import said of its source beside the rows of the version (`folder`), for the doctor. */
export function keepProblems(folder: string, problems: readonly RowProblem[]): void {
  if (problems.length > 0) writeFileSync(path.join(folder, PROBLEMS_FILE), JSON.stringify(problems), { mode: 0o600 });
}

/** What the import of this version said; nothing where it was made otherwise. A damaged file counts as none. */
export function readProblems(folder: string): readonly RowProblem[] {
  let text: string;
  try {
    text = readFileSync(path.join(folder, PROBLEMS_FILE), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw toRagtuiError(error);
  }
  try {
    return problemsSchema.parse(JSON.parse(text));
  } catch {
    return [];
  }
}
