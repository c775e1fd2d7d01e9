import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { openDataset } from '../src/datasets/open.ts';
import { deleteDataset, listDatasets } from '../src/datasets/store.ts';
import { datasetTaskResultSchema } from '../src/datasets/task.ts';
import type { DatasetRow } from '../src/datasets/types.ts';
import { machineDevice } from '../src/engines/device.ts';
import { listEngines } from '../src/engines/store.ts';
import type { RunFigures } from '../src/evaluation/figures.ts';
import { prepareEvaluation } from '../src/evaluation/prepare.ts';
import { tailEvents } from '../src/jobs/events.ts';
import { readJob } from '../src/jobs/registry.ts';
import type { JobEvent, JobId } from '../src/jobs/types.ts';
import { listAdapters, listEndpoints, listModels, modelStatus } from '../src/models/store.ts';
import { toRagtuiError } from '../src/platform/errors.ts';
import type { WorkspacePaths } from '../src/platform/paths.ts';
import { embedderSettings } from '../src/training/embedder-config.ts';
import { planEmbedder } from '../src/training/embedder-plan.ts';
import { llmSettings, TEMPLATES } from '../src/training/llm-config.ts';
import { planLlm } from '../src/training/llm-plan.ts';
import type { Setting, Training } from '../src/training/types.ts';
import { childTask } from './child-task.ts';
import { type DatasetsPort, MOST_ROWS, type RowSummary } from './datasets.ts';
import type { EvaluationPort, ModelChoice } from './evaluation.ts';
import type { TrainingKind, TrainingPort } from './training.ts';

/** Rows are read in slices of at most so many milliseconds, so that a key is never late. */
const SLICE_MS = 12;
const SUMMARY_CHARACTERS = 160;

export function realDatasets(paths: WorkspacePaths): DatasetsPort {
  return {
    list: async () => listDatasets(paths),
    summaries: async ({ name, version, part }, { signal, onRows }) => {
      const dataset = openDataset(paths, name, { version });
      const numbers = part === 'all' ? undefined : dataset.rowNumbers(part);
      let rows: RowSummary[] = [];
      let count = 0;
      let sliceEnd = performance.now() + SLICE_MS;
      for await (const row of dataset.rows(part)) {
        if (signal.aborted || count >= MOST_ROWS) break;
        rows.push(summaryOf(row, numbers?.[count] ?? count));
        count++;
        if (performance.now() < sliceEnd) continue;
        onRows(rows);
        rows = [];
        await new Promise((resolve) => setImmediate(resolve));
        sliceEnd = performance.now() + SLICE_MS;
      }
      onRows(rows);
    },
    row: async (name, version, number) => openDataset(paths, name, { version }).row(number),
    run: (work, options) => childTask(paths, { task: 'dataset', work }, datasetTaskResultSchema, options),
    remove: (name) => deleteDataset(paths, name),
  };
}

/** A row in two short texts, whatever its kind. */
function summaryOf(row: DatasetRow, number: number): RowSummary {
  const [question, answer] = textsOf(row);
  return { number, question: question.slice(0, SUMMARY_CHARACTERS), answer: answer.slice(0, SUMMARY_CHARACTERS) };
}

function textsOf(row: DatasetRow): readonly [string, string] {
  if ('question' in row) return [row.question, row.answers[0] ?? ''];
  if ('query' in row) return [row.query, row.pos[0] ?? ''];
  if ('chosen' in row) return [row.messages.findLast(({ role }) => role === 'user')?.content ?? '', row.chosen];
  if (row.form === 'alpaca') return [row.instruction, row.output];
  const last = row.messages.findLast(({ role }) => role === 'assistant');
  return [row.messages.findLast(({ role }) => role === 'user')?.content ?? '', last?.content ?? ''];
}

export function realTraining(paths: WorkspacePaths): TrainingPort {
  return {
    engines: () => listEngines(paths),
    device: () => machineDevice(),
    llmBases: () => Object.keys(TEMPLATES),
    preset: presetOf,
    plan: (kind, training) => (kind === 'llm' ? planLlm(paths, training) : planEmbedder(paths, training)),
    events: (id, listener) => {
      const controller = new AbortController();
      void follow(paths, id, listener, controller.signal);
      return () => controller.abort();
    },
  };
}

/** Every event from the first on: a chart begins at step 1, also after the screen was away. */
async function follow(
  paths: WorkspacePaths,
  id: JobId,
  listener: (events: readonly JobEvent[]) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { folder } = readJob(paths, id);
    await tailEvents(folder, { from: 0, signal, onEvent: (event) => listener([event]) });
  } catch (error) {
    // Its folder was deleted: it leaves the list too.
    if (toRagtuiError(error).code !== 'not-found') throw error;
  }
}

/** A preset's values as the engine is told them; places and names are left out by who shows them. */
function presetOf(kind: TrainingKind, preset: Training['preset']): Readonly<Record<string, Setting>> {
  const training: Training = { dataset: 'x', split: 'all', base: 'x', name: 'x', preset, settings: {}, seed: 0 };
  if (kind === 'llm') {
    return llmSettings(training, {
      basePath: '',
      template: '',
      datasetName: '',
      datasetFolder: '',
      outputFolder: '',
    });
  }
  const base = {
    pooling: 'cls',
    normalize: true,
    maxTokens: 512,
    dimension: 1,
    dtype: 'f32',
    queryInstruction: '',
    passageInstruction: '',
  } as const;
  return embedderSettings(training, { basePath: '', base, trainFile: '', outputFolder: '' });
}

const figuresSchema = z.custom<RunFigures>((value) => typeof value === 'object' && value !== null && 'report' in value);

export function realEvaluation(paths: WorkspacePaths): EvaluationPort {
  return {
    models: () => modelChoices(paths),
    prepare: (wish) => prepareEvaluation(paths, wish),
    missing: (models) =>
      models.filter((id) => !isKnownElsewhere(paths, id) && modelStatus(paths, id).state !== 'present'),
    figures: (run, signal) => childTask(paths, { task: 'figures', run }, figuresSchema, { signal }),
    export: async (run, markdown) => {
      mkdirSync(paths.exports, { recursive: true, mode: 0o700 });
      const file = path.join(paths.exports, `${run}.md`);
      writeFileSync(file, markdown, { mode: 0o600 });
      return file;
    },
  };
}

/** Endpoints and adapters need no files of their own in the models folder. */
function isKnownElsewhere(paths: WorkspacePaths, id: string): boolean {
  return [...listEndpoints(paths), ...listAdapters(paths)].some(({ name }) => name === id);
}

function modelChoices(paths: WorkspacePaths): ModelChoice[] {
  const here = listModels(paths).filter(({ state }) => state === 'present');
  const ofKind = (kind: 'chat' | 'embedder'): string[] =>
    here.filter(({ entry }) => entry.kind === kind).map(({ entry }) => entry.id);
  return [
    ...ofKind('chat').map((id): ModelChoice => ({ id, kind: 'llm', base: null })),
    ...listAdapters(paths).map(({ name, base }): ModelChoice => ({ id: name, kind: 'llm', base })),
    ...listEndpoints(paths)
      .filter(({ kind }) => kind === 'chat')
      .map(({ name }): ModelChoice => ({ id: name, kind: 'llm', base: null })),
    ...ofKind('embedder').map((id): ModelChoice => ({ id, kind: 'embedder', base: null })),
  ];
}
