import type { FilePreview } from '../../src/datasets/preview.ts';
import type { DatasetTask, DatasetTaskResult } from '../../src/datasets/task.ts';
import type { DatasetManifest, QaRow } from '../../src/datasets/types.ts';
import { ENGINES } from '../../src/engines/definitions.ts';
import type { EngineName, EngineStatus } from '../../src/engines/types.ts';
import type { BlameReport } from '../../src/evaluation/blame/run.ts';
import type { RunFigures } from '../../src/evaluation/figures.ts';
import type { ItemNote } from '../../src/evaluation/items/notes.ts';
import type { Calibration } from '../../src/evaluation/judge/calibrate.ts';
import type { RunNote } from '../../src/evaluation/notes.ts';
import type { EvaluationWish } from '../../src/evaluation/prepare.ts';
import { type Evaluation, evaluationSchema } from '../../src/evaluation/types.ts';
import type { Host } from '../../src/hosts/types.ts';
import type { JobEventBody } from '../../src/jobs/events.ts';
import { type JobEvent, type JobId, type JobWork, jobIdSchema } from '../../src/jobs/types.ts';
import { RagtuiError } from '../../src/platform/errors.ts';
import { parseColumns } from '../../src/rag/columns.ts';
import type { Failure } from '../../src/training/failures/types.ts';
import { forecastTraining } from '../../src/training/forecast/forecast.ts';
import type { ForecastInput } from '../../src/training/forecast/types.ts';
import type { TemplateChoice } from '../../src/training/template-choice.ts';
import type { Training } from '../../src/training/types.ts';
import type { TaskOptions } from '../../stores/child-task.ts';
import type { DatasetsPort, FindingsReader } from '../../stores/datasets.ts';
import type { EvaluationPort, ModelChoice } from '../../stores/evaluation.ts';
import type { TrainingPort } from '../../stores/training-types.ts';
import { type Deferred, deferred } from './fakes.ts';

export function manifest(name: string, change: Partial<DatasetManifest> = {}): DatasetManifest {
  return {
    name,
    slug: name,
    current: true,
    version: 'v-0123456789ab',
    kind: 'qa',
    rows: 4,
    questions: 4,
    contexts: 2,
    incomplete: 0,
    bytes: 4000,
    sha256: 'ab',
    lineage: {
      source: { name: `${name}.json`, sha256: 'ab', bytes: 4000, format: 'cmrc' },
      steps: [],
      programVersion: '0.1.0',
      createdAt: '2026-11-23T06:00:00.000Z',
    },
    splits: [],
    ...change,
  };
}

export const contextSplit = (shared = 0): DatasetManifest['splits'][number] => ({
  name: 'context',
  method: 'context',
  seed: 1314,
  parameters: { test: 0.5 },
  parts: [
    { name: 'test', rows: 2, sharedWithTrain: shared },
    { name: 'train', rows: 2, sharedWithTrain: 0 },
  ],
  file: 'context-0.json',
  createdAt: '2026-11-23T06:00:00.000Z',
});

export const qaRow = (number: number): QaRow => ({
  id: `q${number}`,
  contextId: `c${number % 2}`,
  context: '绿茶用八十度的水。Green tea wants 80 degrees, black tea wants 95.',
  question: `Question ${number}: 水要多热？`,
  answers: ['八十度的水', '80 degrees'],
  metadata: {},
});

/** Datasets in memory; tasks are ended by the test. */
export function fakeDatasets(initial: readonly DatasetManifest[] = []) {
  const list = [...initial];
  const older: DatasetManifest[] = [];
  const tasks: {
    readonly task: DatasetTask;
    readonly options: TaskOptions;
    readonly end: Deferred<DatasetTaskResult>;
  }[] = [];
  const findingsOf = new Map<string, FindingsReader>();
  const port: DatasetsPort = {
    list: async () => [...list],
    summaries: async ({ part }, { onRows }) => {
      const numbers = part.endsWith('/test') ? [3, 1] : part.endsWith('/train') ? [0, 2] : [0, 1, 2, 3];
      onRows(
        numbers.map((number) => ({ number, question: qaRow(number).question, answer: qaRow(number).answers[0] ?? '' })),
      );
    },
    row: async (_name, _version, number) => qaRow(number),
    some: (_dataset, numbers) =>
      numbers.map((number) => ({ number, question: qaRow(number).question, answer: qaRow(number).answers[0] ?? '' })),
    order: async ({ part, filter, sort }) => {
      if (part === 'all' && filter === '' && sort === null) return null;
      const numbers = part.endsWith('/test') ? [3, 1] : part.endsWith('/train') ? [0, 2] : [0, 1, 2, 3];
      const kept = numbers.filter((number) => qaRow(number).question.includes(filter));
      return Uint32Array.from(sort?.descending ? kept.reverse() : kept);
    },
    findings: ({ name }) => findingsOf.get(name) ?? null,
    versions: (name) => [...list, ...older].filter((one) => one.name === name),
    makeCurrent: async () => undefined,
    undo: async (name) => manifest(name),
    preview: async ({ file, kind, map }) => previewOf(file, kind, map),
    run: (task, options) => {
      const end = deferred<DatasetTaskResult>();
      tasks.push({ task, options, end });
      options.signal?.addEventListener('abort', () => end.reject(new RagtuiError('cancelled', 'cancelled')));
      return end.promise;
    },
    aside: (task, options) => port.run(task, options),
    remove: async (name) => {
      list.splice(
        list.findIndex((one) => one.name === name),
        1,
      );
    },
  };
  return {
    port,
    tasks,
    put: (one: DatasetManifest) => void list.push(one),
    /** A version that is not the current one. */
    putOld: (one: DatasetManifest) => void older.push(one),
    found: (name: string, reader: FindingsReader) => void findingsOf.set(name, reader),
  };
}

/** A table with two columns, of which the second may be picked as answers or not. */
function previewOf(
  file: string,
  kind: DatasetManifest['kind'] = 'qa',
  map?: Readonly<Record<string, string>>,
): FilePreview {
  const used = map ?? { question: 'Q', context: 'C', answers: 'A' };
  return {
    file,
    files: 1,
    bytes: 1200,
    encoding: 'utf-8',
    container: 'csv',
    columns: ['Q', 'C', 'A'].map((name) => ({ name, sample: `sample of ${name}` })),
    records: [],
    plan: { format: 'table', kind, map: { ...used }, detected: true },
    maps: { qa: { question: 'Q', context: 'C', answers: 'A' } },
    rows: [
      { line: 2, row: { id: '1', question: `read from ${used['question'] ?? '?'}`, answers: ['x'], context: 'y' } },
    ],
  };
}

export const engineStatus = (name: EngineName, state: EngineStatus['state'] = 'absent'): EngineStatus => ({
  definition: ENGINES[name],
  state,
  folder: `/engines/${name}`,
  manifest:
    state === 'absent'
      ? null
      : {
          version: 1,
          name,
          device: 'cpu',
          python: `/engines/${name}/bin/python`,
          managed: true,
          installedAt: '2026-11-23T06:00:00.000Z',
          lock: 'ab',
          versions: { [name]: '1.0' },
        },
});

const nothingKnown = (engine: ForecastInput['engine'], training: Training): ForecastInput => ({
  engine,
  settings: training.settings,
  device: 'cpu',
  gpus: 1,
  rows: training.limit ?? 100,
  lengths: null,
  shape: null,
  machine: { memory: null, gpus: null, disk: null },
  pace: null,
  convertsBase: false,
  packages: [],
});

/** Engines and plans of the test's own; `emit` plays what a training writes. */
export function fakeTraining(installed: readonly EngineName[] = [], hosts: readonly Host[] = []) {
  const listeners = new Map<JobId, Set<(events: readonly JobEvent[]) => void>>();
  const here = new Set<EngineName>(installed);
  const taken = new Set<string>();
  const exported: (readonly JobId[])[] = [];
  const counted: Training[] = [];
  const measured: { readonly work: JobWork; readonly end: Deferred<void> }[] = [];
  const failures = new Map<JobId, Failure>();
  /** Bases that are still being read, by id. */
  const preparing = new Map<string, Deferred<void>>();
  /** Templates that were found by comparison, by base. */
  const templates = new Map<string, TemplateChoice>();
  const templateOf = (base: string) => {
    const template = templates.get(base);
    return template ? { template } : {};
  };
  let seq = 0;
  const names: readonly EngineName[] = ['llamafactory', 'flagembedding', 'vllm'];
  const port: TrainingPort = {
    engines: () => names.map((name) => engineStatus(name, here.has(name) ? 'present' : 'absent')),
    device: () => 'cpu',
    hosts: () => hosts,
    llmBases: () => ['smollm2-135m-instruct'],
    preset: () => ({
      learning_rate: 1e-4,
      num_train_epochs: 1,
      per_device_train_batch_size: 2,
      lora_rank: 8,
      cutoff_len: 512,
    }),
    prepare: (_kind, training) => preparing.get(training.base)?.promise,
    plan: (kind, training: Training) => {
      if (taken.has(training.name)) throw new RagtuiError('exists', `There is a model "${training.name}" already.`);
      const files = Object.entries(training.settings).map(([key, value]) => `${key}: ${value}\n`);
      return {
        rows: training.limit ?? 100,
        dataset: training.dataset,
        command: ['python', '-m', kind === 'llm' ? 'llamafactory.cli' : 'flagembedding'],
        files: { 'train.yaml': `stage: sft\n${files.join('')}` },
        ...templateOf(training.base),
        forecast: forecastTraining(nothingKnown(kind === 'llm' ? 'llamafactory' : 'flagembedding', training)),
      };
    },
    slowFacts: async (_kind, training) => {
      counted.push(training);
      return {};
    },
    measure: (work, signal) => {
      const end = deferred<void>();
      measured.push({ work, end });
      signal.addEventListener('abort', () => end.reject(new RagtuiError('cancelled', 'cancelled')));
      return end.promise;
    },
    settingNames: () => ['learning_rate', 'lora_rank', 'max_steps', 'warmup_ratio', 'warmup_steps', 'weight_decay'],
    failure: ({ spec }) => failures.get(spec.id),
    exportCurves: async (jobs) => {
      exported.push(jobs);
      return ['csv', 'svg', 'png'].map((format) => `/exports/t1-curves.${format}`);
    },
    events: (id, listener) => {
      const set = listeners.get(id) ?? new Set();
      listeners.set(id, set);
      set.add(listener);
      return () => set.delete(listener);
    },
  };
  const event = (id: JobId, body: JobEventBody): void => {
    const full: JobEvent = { seq: seq++, time: '2026-11-23T06:15:32.000Z', writer: 'worker', ...body };
    for (const listener of listeners.get(id) ?? []) listener([full]);
  };
  const emit = (id: JobId, metric: Pick<JobEvent & { type: 'metric' }, 'name' | 'step' | 'value'>): void =>
    event(id, { type: 'metric', ...metric });
  return {
    port,
    emit,
    event,
    taken,
    exported,
    counted,
    measured,
    failures,
    preparing,
    templates,
    watchers: (id: JobId): number => listeners.get(id)?.size ?? 0,
  };
}

export const evaluationWork = (change: Partial<Evaluation> = {}): Evaluation =>
  evaluationSchema.parse({
    dataset: 'cmrc',
    version: 'v-0123456789ab',
    split: 'context/test',
    limit: 60,
    seed: 1314,
    kb: null,
    columns: parseColumns([
      'name=base,llm=smollm2-135m-instruct,context=gold,prompt=sft',
      'name=tuned,llm=t1,context=gold,prompt=sft',
    ]),
    metrics: ['token-f1', 'exact'],
    primary: 'token-f1',
    baselines: true,
    concurrency: 1,
    reuse: true,
    ...change,
  });

/** Figures made by hand: base 20.0, tuned 45.0, copy 60.0. */
export function figures(id: JobId, interim = false): RunFigures {
  const summary = (mean: number) => ({
    mean,
    sum: mean * 2,
    n: 2,
    low: mean - 0.1,
    high: mean + 0.1,
    interval: 'bootstrap' as const,
    designEffect: 1,
  });
  const column = (name: string, mean: number, baseline = false) => ({
    name,
    baseline,
    items: 2,
    errors: 0,
    timeouts: 0,
    refused: 0,
    empty: 0,
    missing: {},
    cutShort: 0,
    reused: 0,
    metrics: { 'token-f1': summary(mean), exact: summary(mean / 2) },
    completionTokens: 10,
    medianFirstTokenMs: 200,
    medianRetrievalMs: null,
  });
  const difference = (metric: string, value: number) => ({
    difference: value,
    low: value - 0.05,
    high: value + 0.05,
    n: 2,
    contexts: 2,
    p: 0.01,
    mcnemar: null,
    verdict: 'better' as const,
    moreItems: null,
    detectable: 0.1,
    pHolm: null,
    sentence: `tuned is better than base in ${metric}: +${(100 * value).toFixed(1)} points, on 2 items.`,
  });
  const answer = (output: string, score: number) => ({
    state: 'ok' as const,
    output,
    error: '',
    scores: { 'token-f1': score, exact: 0 },
    retrieved: null,
    found: null,
    totalMs: 900,
    firstTokenMs: 200,
    retrievalMs: null,
    promptTokens: 120,
    completionTokens: 10,
    finish: 'stop' as const,
    cut: '',
    reusedFrom: null,
  });
  return {
    report: {
      run: {
        id,
        state: interim ? 'running' : 'succeeded',
        items: 2,
        errors: 0,
        interim,
        startedAt: '2026-11-23T06:15:31.000Z',
        endedAt: null,
        evaluation: evaluationWork(),
        capsule: null,
        judges: [],
      },
      primary: 'token-f1',
      metrics: {},
      columns: [column('base', 0.2), column('tuned', 0.45), column('copy-sentence', 0.6, true)],
      differences: [
        {
          column: 'tuned',
          against: 'base',
          metrics: { 'token-f1': difference('token-f1', 0.25), exact: difference('exact', 0.125) },
        },
      ],
      matrix: null,
      strata: [],
      notes: [
        {
          id: 'one-draw',
          metric: null,
          values: {},
          text: 'The intervals cover the choice of questions only.',
        },
      ],
      published: [],
    },
    questions: [0, 1].map((number) => ({
      item: `q${number}`,
      question: qaRow(number).question,
      answers: qaRow(number).answers,
      contextId: qaRow(number).contextId,
      passage: 0,
      seen: null,
      columns: {
        base: answer('水要热。', 0.2),
        tuned: answer('八十度的水', 1),
        'copy-sentence': answer('绿茶用八十度的水。', 0.6),
      },
    })),
    passages: [qaRow(0).context],
  };
}

/** Runs whose figures the test gives. */
export function fakeEvaluation(models: readonly ModelChoice[] = []) {
  const asked: JobId[] = [];
  const wishes: EvaluationWish[] = [];
  const exported: string[] = [];
  const notes: Record<string, ItemNote> = {};
  const sent: string[] = [];
  const controlled: string[] = [];
  const voted: string[] = [];
  /** What to mind about a judge, models that are not here: as the test says. */
  const warnings: RunNote[] = [];
  const missing: string[] = [];
  let calibration: Calibration | null = null;
  const blame = deferred<BlameReport>();
  let blamed = 0;
  const port: EvaluationPort = {
    items: {
      blame: () => {
        blamed += 1;
        return blame.promise;
      },
      notes: () => ({ ...notes }),
      note: (_run, items, change) => {
        for (const item of items) notes[item] = { ...(notes[item] ?? { flag: false, comment: '' }), ...change };
        return { ...notes };
      },
      send: async (_run, items, dataset) => {
        sent.push(`${items.join(' ')} → ${dataset}`);
        return { dataset, version: 'v-0123456789ab', added: items.length, known: 0, made: false, leak: null };
      },
    },
    models: () => models,
    ownMetrics: async () => ({ metrics: [], problems: [] }),
    prepare: async (wish) => {
      wishes.push(wish);
      const columns = parseColumns(wish.column);
      return {
        evaluation: evaluationWork({ dataset: wish.dataset, split: wish.split, columns }),
        models: [],
        warnings,
      };
    },
    vote: async (run, vote) => {
      if (vote) voted.push(`${vote.item} ${vote.choice}`);
      const left = Math.max(0, 2 - voted.length);
      const next = {
        item: `q${voted.length + 1}`,
        question: 'How deep?',
        answers: ['12 m', '13 m'] as [string, string],
      };
      return { run, votes: voted.length, left, next: left === 0 ? null : next };
    },
    calibrate: async () => {
      if (!calibration) throw new RagtuiError('usage', 'Nobody has voted.', 'Vote blind: V.');
      return [calibration];
    },
    judging: async (run, llm) => ({
      judging: {
        run,
        judge: { llm, metrics: ['faithfulness'], embedder: 'e', maxTokens: 1024 },
        limit: null,
        concurrency: 'auto',
      },
      models: [],
      warnings,
    }),
    missing: () => missing,
    figures: async (run) => {
      asked.push(run);
      return figures(run);
    },
    versus: async (a, b) => {
      const { differences } = figures(jobIdSchema.parse('20261123-070000-evaluate-0000')).report;
      return { a, b, primary: 'token-f1', interim: false, metrics: differences[0]?.metrics ?? {} };
    },
    detectable: async () => ({ items: 60, difference: 0.135, from: { kind: 'rule', discordant: 0.14 } }),
    control: async (run, wish) => void controlled.push(`${run} ${JSON.stringify(wish)}`),
    export: async (run, format) => {
      exported.push(`${run} ${format}`);
      return `/exports/${run}.${format}`;
    },
  };
  return {
    port,
    asked,
    wishes,
    exported,
    notes,
    sent,
    controlled,
    voted,
    warnings,
    missing,
    calibrated: (found: Calibration) => {
      calibration = found;
    },
    blame,
    blamed: () => blamed,
  };
}

export const trainingWork = (name: string): JobWork => ({
  kind: 'train-llm',
  dataset: 'cmrc',
  split: 'context/train',
  base: 'smollm2-135m-instruct',
  name,
  preset: 'cpu',
  settings: {},
  seed: 42,
});
