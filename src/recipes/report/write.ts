import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { writeTextAtomic } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { RecipePlan } from '../plan.ts';
import { readResult } from '../results.ts';
import type { RecipeStatus, RecipeWork, StepResult } from '../types.ts';
import { toHtml, toMarkdown } from './blocks.ts';
import { recipeReport } from './build.ts';
import { type EvaluationPart, evaluationPart } from './evaluation.ts';
import { machineText } from './machine.ts';
import { statusOfVariant } from './variants.ts';

export interface ReportWish {
  readonly work: RecipeWork;
  readonly plan: RecipePlan;
  readonly status: RecipeStatus;
  readonly about: string;
  /** Of the recipe's job. */
  readonly folder: string;
}

/** Writes the report into the exports folder, as Markdown and as a page; returns the files. Errors: `disk-full`. */
export async function writeRecipeReport(
  paths: WorkspacePaths,
  wish: ReportWish,
): Promise<{ md: string; html: string }> {
  const { work, plan, status, about, folder } = wish;
  const results = new Map<string, StepResult>();
  for (const { id, key, state } of status.steps) {
    const result = key !== null && (state === 'done' || state === 'kept') ? readResult(paths, key) : undefined;
    if (result) results.set(id, result);
  }
  const evaluations: EvaluationPart[] = [];
  for (const step of status.steps) {
    const result = results.get(step.id);
    if (result?.made.type !== 'run') continue;
    const title = `${step.name}${statusOfVariant(step)}`;
    evaluations.push(await evaluationPart(paths, { title, variants: step.variants, job: result.made.job }));
  }
  const job = path.basename(folder);
  const at = new Date().toISOString();
  const blocks = recipeReport({ work, about, plan, status, results, evaluations, machine: machineText(), job, at });
  mkdirSync(paths.exports, { recursive: true, mode: 0o700 });
  const files = { md: path.join(paths.exports, `${job}.md`), html: path.join(paths.exports, `${job}.html`) };
  writeTextAtomic(files.md, toMarkdown(blocks));
  writeTextAtomic(files.html, toHtml(`Recipe ${work.name}`, blocks));
  return files;
}
