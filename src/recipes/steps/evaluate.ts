import { existsSync } from 'node:fs';
import path from 'node:path';
import { knownMetric, LISTED } from '../../evaluation/metrics/registry.ts';
import { prepareEvaluation } from '../../evaluation/prepare.ts';
import { reportOfRun } from '../../evaluation/run-report.ts';
import { jobFolder } from '../../jobs/folder.ts';
import { readJob } from '../../jobs/registry.ts';
import type { JobWork } from '../../jobs/types.ts';
import { loadSettings } from '../../platform/config.ts';
import { toRagtuiError } from '../../platform/errors.ts';
import { hashFile } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { promptFor } from '../../rag/trained-prompt.ts';
import type { SpecOf } from '../plan.ts';
import type { MadeOf } from '../types.ts';
import { modelDigest } from './facts.ts';
import { missingModels } from './ready.ts';
import { isOf, modelName, type Needs, needed, partOf, promptName, type StepDoer } from './types.ts';

/** A column in the form of the command line, with the names that the workspace knows. */
function columnText(
  needs: Needs,
  { name, llm, embedder, instruction, prompt, ...rest }: SpecOf<'evaluate'>['columns'][number],
): string {
  const said: [string, string | number | undefined][] = [
    ['name', name],
    ['llm', modelName(needs, llm)],
    ['embedder', embedder === undefined ? undefined : modelName(needs, embedder)],
    ['prompt', prompt === undefined ? undefined : promptName(needs, prompt)],
    ['instruction', instruction === undefined ? undefined : instruction ? 'on' : 'off'],
    ...Object.entries(rest),
  ];
  return said.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`])).join(',');
}

/** Questions put to every column; by an `evaluate` job. */
export const evaluateStep: StepDoer<'evaluate'> = {
  version: 1,
  facts: ({ paths }, { columns, metrics }, needs) => [
    ...columns.flatMap(({ llm, embedder, reranker }) =>
      [llm, embedder ?? 'none', reranker ?? 'none']
        .filter((model) => model !== 'none' && modelName(needs, model) === model)
        .map((model) => modelDigest(paths, model)),
    ),
    promptsOf(paths, columns, needs),
    metrics?.map((name) => [name, knownMetric(name)?.version ?? null]) ??
      LISTED.map(({ name, version }) => [name, version]),
  ],
  there: async ({ paths, signal }, made) => {
    // What went wrong is asked anew, by the next run of the recipe too.
    if (!isOf(made, 'run') || made.errors > 0) return undefined;
    try {
      if (readJob(paths, made.job).state !== 'succeeded') return undefined;
    } catch (error) {
      if (toRagtuiError(error).code === 'not-found') return undefined;
      throw error;
    }
    const file = itemsFile(paths, made.job);
    return existsSync(file) ? hashFile(file, signal) : undefined;
  },
  make: async ({ world: { paths, signal }, spec, needs, child }) => {
    const work = await workOf(paths, spec, needs);
    const missing = missingModels(paths, work.models);
    if (missing.length > 0) await child({ kind: 'pull', models: missing }, { part: 'models' });
    // A second start takes what the first has finished.
    const job = await child(work.evaluation, { again: { ...work.evaluation, reuse: true } });
    const { report } = await reportOfRun(paths, job.spec.id);
    const made: MadeOf<'run'> = {
      type: 'run',
      digest: await hashFile(itemsFile(paths, job.spec.id), signal),
      job: job.spec.id,
      items: report.run.items,
      errors: report.run.errors,
      primary: report.primary,
      columns: report.columns
        .filter(({ baseline }) => !baseline)
        .map(({ name, metrics }) => ({ name, mean: metrics[report.primary]?.mean ?? null })),
    };
    return made;
  },
};

/** What each column's LLM is told, with stand-ins for passage and question: a prompt's name is no prompt. */
function promptsOf(paths: WorkspacePaths, columns: SpecOf<'evaluate'>['columns'], needs: Needs): unknown {
  const { settings } = loadSettings(paths.configFile);
  return columns.map(({ llm, prompt = 'default' }) =>
    llm === 'none'
      ? null
      : promptFor(paths, promptName(needs, prompt), modelName(needs, llm), settings.prompts).build({
          passages: ['PASSAGE'],
          question: 'QUESTION',
        }),
  );
}

async function workOf(
  paths: WorkspacePaths,
  spec: SpecOf<'evaluate'>,
  needs: Needs,
): Promise<{ evaluation: Extract<JobWork, { kind: 'evaluate' }>; models: string[] }> {
  const from = needed(needs, 'dataset', 'dataset');
  const { metrics, primary, limit, seed, baselines, reuse, concurrency } = spec;
  const { evaluation, models } = await prepareEvaluation(paths, {
    dataset: from.dataset,
    version: from.version,
    split: partOf(from, spec.part, 'test'),
    limit: limit ?? null,
    seed,
    kb: needs['kb'] ? needed(needs, 'kb', 'kb').kb : null,
    baselines,
    concurrency,
    reuse,
    column: spec.columns.map((column) => columnText(needs, column)),
    metrics: metrics ?? null,
    primary: primary ?? null,
    metricEmbedder: spec['metric-embedder'] ?? null,
  });
  return { evaluation: { kind: 'evaluate', ...evaluation }, models };
}

const itemsFile = (paths: WorkspacePaths, job: string): string => path.join(jobFolder(paths, job), 'items.jsonl');
