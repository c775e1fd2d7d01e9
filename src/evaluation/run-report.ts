import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { readManifest } from '../datasets/store.ts';
import { writeTextAtomic } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type ItemFacts, itemFacts } from './item-facts.ts';
import { type Published, publishedResults } from './published.ts';
import { buildReport, type RunReport } from './report.ts';
import type { ReportFormatName } from './reports/names.ts';
import { REPORT_FORMATS } from './reports/registry.ts';
import { type EvaluationRun, readRun } from './runs.ts';
import type { Evaluation } from './types.ts';

/**
 * A run with its figures as they are now, and what its dataset tells of its questions: seconds of work for a large one.
 * Errors: `not-found`, `usage`.
 */
export async function reportOfRun(
  paths: WorkspacePaths,
  id: string,
): Promise<{ run: EvaluationRun; report: RunReport; facts: ItemFacts }> {
  const run = readRun(paths, id);
  const facts = await itemFacts(paths, run);
  return { run, facts, report: buildReport(run, publishedOf(paths, run.evaluation), facts) };
}

/** Published figures stand beside ours only while the dataset is here to tell that it is the same. */
function publishedOf(paths: WorkspacePaths, { dataset, version, split }: Evaluation): readonly Published[] {
  try {
    return publishedResults(readManifest(paths, dataset, version), split);
  } catch {
    return [];
  }
}

/** Writes the report of a run into the exports folder; returns the file. Errors: those of `reportOfRun`, `disk-full`. */
export async function writeRunReport(paths: WorkspacePaths, id: string, format: ReportFormatName): Promise<string> {
  const { run, report } = await reportOfRun(paths, id);
  const { extension, write } = REPORT_FORMATS[format];
  mkdirSync(paths.exports, { recursive: true, mode: 0o700 });
  const suffix = format === extension ? '' : `.${format}`;
  const file = path.join(paths.exports, `${run.view.spec.id}${suffix}.${extension}`);
  writeTextAtomic(file, write(report, run.items));
  return file;
}
