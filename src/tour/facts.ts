import { existsSync } from 'node:fs';
import { listDatasets } from '../datasets/store.ts';
import type { DatasetManifest } from '../datasets/types.ts';
import { listJobs } from '../jobs/registry.ts';
import type { JobView } from '../jobs/types.ts';
import { connectKb } from '../kb/client.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { TourFacts, TourStep } from './types.ts';

/** Of datasets: how many have rows, and of how many something was made after the import. */
export const datasetFacts = (list: readonly DatasetManifest[]): Pick<TourFacts, 'datasets' | 'prepared'> => ({
  datasets: list.filter(({ rows }) => rows > 0).length,
  prepared: list.filter(({ lineage, splits }) => lineage.steps.length > 1 || splits.length > 0).length,
});

/** Of jobs: trainings and evaluations that were started, however they ended. */
export function jobFacts(list: readonly JobView[]): Pick<TourFacts, 'trainings' | 'evaluations'> {
  const kinds = list.map(({ spec }) => spec.work.kind);
  return {
    trainings: kinds.filter((kind) => kind === 'train-llm' || kind === 'train-embedder').length,
    evaluations: kinds.filter((kind) => kind === 'evaluate').length,
  };
}

/** The facts as the files and the service tell them; what only a screen knows is empty. Makes no workspace. */
export async function factsOfWorkspace(paths: WorkspacePaths): Promise<TourFacts> {
  const files = { ...datasetFacts(listDatasets(paths)), ...jobFacts(listJobs(paths)), looked: new Set<TourStep>() };
  if (!existsSync(paths.database)) return { ...files, documents: 0, answers: 0, comparisons: 0 };
  const kb = await connectKb(paths);
  try {
    const bases = await kb.call('kb.list', {});
    const answers = await kb.call('answers.list', { limit: 1 });
    const compared = await kb.call('comparisons.list', { limit: 100 });
    return {
      ...files,
      documents: bases.reduce((sum, { documents }) => sum + documents, 0),
      answers: answers.length,
      comparisons: compared.comparisons.filter(({ columns }) => columns.length > 1).length,
    };
  } finally {
    await kb.close();
  }
}
