import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { readFindings } from '../src/datasets/doctor/findings-file.ts';
import { type AnyDataset, openDataset } from '../src/datasets/open.ts';
import { deleteDataset, listDatasets, listVersions } from '../src/datasets/store.ts';
import { datasetTaskResultSchema } from '../src/datasets/task.ts';
import type { DatasetRow } from '../src/datasets/types.ts';
import { rowOrder } from '../src/datasets/view/order.ts';
import { rowTexts } from '../src/datasets/view/row-texts.ts';
import { machineDevice } from '../src/engines/device.ts';
import { listEngines } from '../src/engines/store.ts';
import type { BlameReport } from '../src/evaluation/blame/run.ts';
import type { Detectable } from '../src/evaluation/detectable.ts';
import type { ColumnComparison } from '../src/evaluation/diff.ts';
import type { FiguresPage, QuestionRow, RunFigures } from '../src/evaluation/figures.ts';
import { changeItemNotes, readItemNotes } from '../src/evaluation/items/notes.ts';
import { sentItemsSchema } from '../src/evaluation/items/send.ts';
import { voteStepSchema } from '../src/evaluation/items/votes.ts';
import type { Calibration } from '../src/evaluation/judge/calibrate.ts';
import type { RunNote } from '../src/evaluation/notes.ts';
import { describeOwnMetrics } from '../src/evaluation/own-metrics/describe.ts';
import { prepareEvaluation } from '../src/evaluation/prepare.ts';
import { judgingSchema } from '../src/evaluation/types.ts';
import { keptFarEngine, listHosts } from '../src/hosts/store.ts';
import { tailEvents } from '../src/jobs/events.ts';
import { readJob } from '../src/jobs/registry.ts';
import type { JobEvent, JobId } from '../src/jobs/types.ts';
import { allModels, listAdapters, listEndpoints, listModels, modelStatus } from '../src/models/store.ts';
import { RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { WorkspacePaths } from '../src/platform/paths.ts';
import { baseFactsKey } from '../src/training/base-facts.ts';
import { embedderPreset } from '../src/training/embedder-config.ts';
import { planEmbedder } from '../src/training/embedder-plan.ts';
import { readFailureFile } from '../src/training/failures/file.ts';
import { FLAGEMBEDDING_KEYS } from '../src/training/flagembedding-keys.ts';
import type { BaseFacts, SlowFacts } from '../src/training/forecast/gather.ts';
import { LLAMAFACTORY_KEYS } from '../src/training/llamafactory-keys.ts';
import { llmSettings } from '../src/training/llm-config.ts';
import { planLlm } from '../src/training/llm-plan.ts';
import { ENGINE_OF, type Setting, type Training, type TrainingKind } from '../src/training/types.ts';
import { childTask, type TaskOptions } from './child-task.ts';
import { MOST_ROWS } from './datasets.ts';
import type { DatasetsPort, RowSummary, ViewWish } from './datasets-port.ts';
import type { EvaluationPort, ItemsPort, ModelChoice, PlannedJudging } from './evaluation.ts';
import type { TrainingPort, TrainingWay } from './training-types.ts';

/** Rows are read in slices of at most so many milliseconds, so that a key is never late. */
const SLICE_MS = 12;
const SUMMARY_CHARACTERS = 160;

/** Rows that are drawn are read in so many milliseconds, or with the next frame. */
const READ_MS = 6;

function* eachOf(dataset: AnyDataset, numbers: readonly number[]): Generator<DatasetRow> {
  yield* dataset.pick(numbers);
}

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
    some: ({ name, version }, numbers) => {
      const end = performance.now() + READ_MS;
      const found: RowSummary[] = [];
      for (const row of eachOf(openDataset(paths, name, { version }), numbers)) {
        found.push(summaryOf(row, numbers[found.length] ?? 0));
        if (performance.now() > end) break;
      }
      return found;
    },
    order: (wish, options) => orderOf(paths, wish, options),
    findings: ({ name, version }) => readFindings(openDataset(paths, name, { version }).folder) ?? null,
    versions: (name) => listVersions(paths, name),
    makeCurrent: async ({ name, version }) => {
      const { makeCurrent } = await import('../src/datasets/edit.ts');
      await makeCurrent(paths, name, version);
    },
    undo: async (name) => {
      const { undoVersion } = await import('../src/datasets/fix.ts');
      return (await undoVersion(paths, name)).manifest;
    },
    preview: async (work, options) => {
      const result = await childTask(paths, { task: 'dataset', work }, datasetTaskResultSchema, options);
      if (result.op !== 'preview') throw new RagtuiError('internal', 'The helper answered nonsense.', '');
      return result.preview;
    },
    run: (work, options) => childTask(paths, { task: 'dataset', work }, datasetTaskResultSchema, options),
    aside: async (work, options) => {
      await delay(TYPING_MS, undefined, options.signal ? { signal: options.signal } : {});
      return childTask(paths, { task: 'dataset', work }, datasetTaskResultSchema, options);
    },
    remove: (name) => deleteDataset(paths, name),
  };
}

/** A row in two short texts, whatever its kind. */
function summaryOf(row: DatasetRow, number: number): RowSummary {
  const [question, answer] = rowTexts(row);
  return { number, question: question.slice(0, SUMMARY_CHARACTERS), answer: answer.slice(0, SUMMARY_CHARACTERS) };
}

/** Smaller datasets are looked through here, in slices: the answer comes as one types. */
const SMALL_ROWS = 20_000;
const SMALL_BYTES = 32 << 20;
/** A filter that is being typed does not start a process at every key. */
const TYPING_MS = 150;

async function orderOf(
  paths: WorkspacePaths,
  { name, version, part, filter, sort }: ViewWish,
  options: TaskOptions,
): Promise<Uint32Array | null> {
  if (part === 'all' && filter.trim() === '' && sort === null) return null;
  const dataset = openDataset(paths, name, { version });
  const { rows, bytes } = dataset.manifest;
  if (rows <= SMALL_ROWS && bytes <= SMALL_BYTES) {
    let sliceEnd = performance.now() + SLICE_MS;
    const pause = (): Promise<void> | undefined => {
      if (performance.now() < sliceEnd) return undefined;
      return new Promise((resolve) =>
        setImmediate(() => {
          sliceEnd = performance.now() + SLICE_MS;
          resolve();
        }),
      );
    };
    return rowOrder(dataset, { part, filter, sort }, { pause, ...(options.signal ? { signal: options.signal } : {}) });
  }
  if (filter !== '') await delay(TYPING_MS, undefined, options.signal ? { signal: options.signal } : {});
  const out = path.join(tmpdir(), `ragtui-view-${process.pid}-${randomUUID()}`);
  try {
    const work = { op: 'view' as const, dataset: name, version, part, filter, sort, out };
    await childTask(paths, { task: 'dataset', work }, datasetTaskResultSchema, options);
    const found = await readFile(out);
    return new Uint32Array(found.buffer.slice(found.byteOffset, found.byteOffset + found.byteLength));
  } finally {
    await rm(out, { force: true });
  }
}

export function realTraining(paths: WorkspacePaths): TrainingPort {
  const bases = knownBases(paths);
  return {
    engines: () => listEngines(paths),
    device: () => machineDevice(),
    hosts: () => listHosts(paths),
    llmBases: () => allModels(paths).flatMap(({ id, kind }) => (kind === 'chat' ? [id] : [])),
    preset: presetOf,
    prepare: (kind, training) => (kind === 'llm' ? bases.prepare(training) : undefined),
    plan: (kind, training, facts, launcher) => {
      const far = launcher ? keptFarEngine(paths, launcher, ENGINE_OF[kind]) : undefined;
      return kind === 'llm'
        ? planLlm(paths, training, { ...facts, ...bases.known(training) }, far)
        : planEmbedder(paths, training, facts, far);
    },
    slowFacts: (kind, training, signal) =>
      childTask(paths, { task: 'forecast-facts', kind, training }, slowFactsSchema, { signal }),
    measure: async (work, signal) => {
      await childTask(paths, { task: 'measure', work }, z.unknown(), { signal, endsByItself: true });
    },
    settingNames: (kind) => (kind === 'llm' ? LLAMAFACTORY_KEYS : FLAGEMBEDDING_KEYS),
    failure: ({ folder }) => readFailureFile(folder),
    exportCurves: async (jobs) =>
      (await childTask(paths, { task: 'curves', jobs }, z.object({ files: z.array(z.string()) }))).files,
    events: (id, listener) => {
      const controller = new AbortController();
      void follow(paths, id, listener, controller.signal);
      return () => controller.abort();
    },
  };
}

/** What was found out about bases, in child processes: reading them and comparing templates takes longer than a frame. */
function knownBases(paths: WorkspacePaths) {
  const known = new Map<string, BaseFacts>();
  const underway = new Map<string, Promise<void>>();
  const keyOf = (training: Training): string | undefined => {
    try {
      return baseFactsKey(paths, training);
    } catch {
      // A base that is not there: the plan says so.
      return undefined;
    }
  };
  const read = async (key: string, { base, system, template }: Training): Promise<void> => {
    const asked = {
      base,
      ...(system === undefined ? {} : { system }),
      ...(template === undefined ? {} : { template }),
    };
    try {
      known.set(key, await childTask(paths, { task: 'base-facts', asked }, baseFactsSchema));
    } finally {
      underway.delete(key);
    }
  };
  return {
    known: (training: Training): { readonly base?: BaseFacts } => {
      const base = known.get(keyOf(training) ?? '');
      return base ? { base } : {};
    },
    prepare: (training: Training): Promise<void> | undefined => {
      const key = keyOf(training);
      if (key === undefined || known.has(key)) return undefined;
      const reading = underway.get(key) ?? read(key, training);
      underway.set(key, reading);
      return reading;
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
function presetOf(kind: TrainingKind, way: TrainingWay): Readonly<Record<string, Setting>> {
  const training: Training = { dataset: 'x', split: 'all', base: 'x', name: 'x', settings: {}, seed: 0, ...way };
  if (kind === 'llm') {
    return llmSettings(training, {
      basePath: '',
      template: '',
      datasetName: '',
      datasetFolder: '',
      outputFolder: '',
    });
  }
  return embedderPreset(way.preset);
}

const writtenSchema = z.object({ file: z.string() });
const baseFactsSchema = z.custom<BaseFacts>((value) => typeof value === 'object' && value !== null && 'shape' in value);
const slowFactsSchema = z.custom<SlowFacts>((value) => typeof value === 'object' && value !== null);
const figuresSchema = z.custom<RunFigures>((value) => typeof value === 'object' && value !== null && 'report' in value);

const pageSchema = z.custom<FiguresPage>(
  (value) => typeof value === 'object' && value !== null && 'questions' in value,
);
const noteSchema = z.custom<RunNote>((value) => typeof value === 'object' && value !== null && 'text' in value);
const calibrationSchema = z.custom<Calibration>(
  (value) => typeof value === 'object' && value !== null && 'notes' in value,
);
const plannedJudgingSchema: z.ZodType<PlannedJudging> = z.object({
  judging: judgingSchema,
  models: z.array(z.string()),
  warnings: z.array(noteSchema),
});
const comparisonSchema = z.custom<ColumnComparison>((value) => typeof value === 'object' && value !== null);
const detectableSchema = z.custom<Detectable | null>((value) => typeof value === 'object');

export function realEvaluation(paths: WorkspacePaths): EvaluationPort {
  return {
    items: realItems(paths),
    models: () => modelChoices(paths),
    prepare: (wish) => prepareEvaluation(paths, wish),
    ownMetrics: () => describeOwnMetrics(paths),
    vote: (run, vote) => childTask(paths, { task: 'eval-vote', run, vote }, voteStepSchema),
    calibrate: (run) => childTask(paths, { task: 'calibrate', run }, z.array(calibrationSchema)),
    judging: (run, judge) => childTask(paths, { task: 'judging', run, judge }, plannedJudgingSchema),
    missing: (models) =>
      models.filter((id) => !isKnownElsewhere(paths, id) && modelStatus(paths, id).state !== 'present'),
    figures: async (run, signal) => {
      const questions: QuestionRow[] = [];
      const passages: string[] = [];
      const onPart = (part: unknown): void => {
        const page = pageSchema.parse(part);
        questions.push(...page.questions);
        passages.push(...page.passages);
      };
      const { report } = await childTask(paths, { task: 'figures', run }, figuresSchema, { signal, onPart });
      return { report, questions, passages };
    },
    versus: (a, b, signal) => childTask(paths, { task: 'eval-diff', a, b }, comparisonSchema, { signal }),
    detectable: (work, signal) => childTask(paths, { task: 'detectable', work }, detectableSchema, { signal }),
    control: async (run, wish) => {
      await childTask(paths, { task: 'eval-control', run, ...wish }, z.unknown());
    },
    export: async (run, format) => (await childTask(paths, { task: 'report', run, format }, writtenSchema)).file,
  };
}

const blameSchema = z.custom<BlameReport>((value) => typeof value === 'object' && value !== null && 'columns' in value);

function realItems(paths: WorkspacePaths): ItemsPort {
  return {
    blame: (run, signal) => childTask(paths, { task: 'blame', run }, blameSchema, { signal }),
    notes: (run) => readItemNotes(paths, run),
    note: (run, items, change) => changeItemNotes(paths, run, items, change),
    send: (run, items, dataset) => childTask(paths, { task: 'send-items', run, items, dataset }, sentItemsSchema),
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
