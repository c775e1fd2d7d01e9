import { afterEach, describe, expect, it } from 'vitest';
import type { JobWork } from '../../src/jobs/types.ts';
import { numbersText } from '../../src/screens/train/live-lines.ts';
import { adapterOf } from '../store/deploy-fakes.ts';
import { jobView } from '../store/fakes.ts';
import { contextSplit, manifest, trainingWork } from '../store/loop-fakes.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});
const open = async (world: World): Promise<ScreensWindow> => {
  window = await openScreens(world);
  return window;
};
const PLACES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
].flatMap((size) => (['en', 'zh'] as const).map((language) => ({ ...size, language })));
const LLM = 'smollm2-135m-instruct';
const wide: World = {
  columns: 120,
  rows: 40,
  language: 'en',
  datasets: [manifest('cmrc', { splits: [contextSplit()] })],
  models: [LLM],
};
const running = () =>
  jobView(trainingWork('t1'), {
    progress: { phase: 'training', done: 12, total: 48, unit: 'steps', rate: 0.5, secondsLeft: 72, details: {} },
  });

describe.each(PLACES)('train, $language at $columns×$rows', (place) => {
  it('keeps its borders: empty, live, and the form', async () => {
    const job = running();
    const w = await open({ ...wide, ...place, jobs: [job] });
    await w.press('9');
    await w.rest();
    for (let step = 1; step <= 12; step++) w.training.emit(job.spec.id, { name: 'loss', step, value: 4 / step });
    w.training.emit(job.spec.id, { name: 'eval_loss', step: 12, value: 1 });
    await w.rest();
    for (const keys of [[], ['n']]) {
      await w.press(...keys);
      for (let pane = 0; pane < 5; pane++) {
        expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
        await w.press('tab');
      }
    }
  });
});

describe('the train screen', () => {
  it('finds a training that runs already and draws its loss', async () => {
    const job = running();
    const w = await open({ ...wide, jobs: [job] });
    await w.press('9');
    await w.rest();
    for (let step = 1; step <= 12; step++) w.training.emit(job.spec.id, { name: 'loss', step, value: 4 / step });
    await w.rest();
    expect(w.text()).toContain('12/48 steps');
    expect(w.text()).toContain('0.5 steps/s');
    expect(w.text()).toContain('loss 0.333');
    expect(w.text()).toContain('Loss 0.333 smoothed');
    expect(w.text()).toContain('steps 1 to 12');
    expect(w.text()).toMatch(/[⠁-⣿]{4}/);
    w.jobs.emit(job.spec.id, { type: 'log', level: 'info', text: '20 rows of cmrc' });
    await w.rest();
    expect(w.text()).toContain('20 rows of cmrc');
    await w.press('x');
    expect(w.text()).toContain('It saves a checkpoint first');
    await w.press('y');
    expect(w.text()).toContain('stopped');
  });

  it('says why it cannot start, and shows the very command', async () => {
    const w = await open(wide);
    await w.press('9', 's');
    expect(w.text()).toContain('n fills in a training first');
    await w.press('n');
    await w.rest();
    expect(w.text()).toContain('ragtui train llm --dataset cmrc --split context/train');
    expect(w.text()).toContain('stage: sft');
    await w.press('s');
    expect(w.text()).toMatch(/LLaMA-Factory.* is not installed/);
    expect(w.jobs.launched).toEqual([]);
  });

  it('proposes a name that follows the dataset, until one is typed', async () => {
    const w = await open({ ...wide, datasets: [manifest('cmrc'), manifest('fin')] });
    await w.press('9', 'n');
    await w.rest();
    const { training } = w.stores;
    expect(training.getState().form.name).toBe('cmrc-llm-1');
    await w.press('down', 'down', 'enter', 'down', 'enter');
    await w.rest();
    expect(training.getState().form).toMatchObject({ dataset: 'fin', name: 'fin-llm-1' });
    training.getState().configure({ name: 'mine' });
    await w.press('enter', 'up', 'enter');
    await w.rest();
    expect(training.getState().form).toMatchObject({ dataset: 'cmrc', name: 'mine' });
  });

  it('changes a setting and starts with it', async () => {
    const w = await open({ ...wide, engines: ['llamafactory'] });
    await w.press('9', 'n');
    await w.rest();
    await w.press(...Array.from({ length: 13 }, () => 'down'), 'enter');
    expect(w.text()).toContain('Steps at most');
    await w.type('6');
    await w.press('enter');
    expect(w.text()).toContain('* 6');
    expect(w.text()).toContain('max_steps: 6');
    await w.press('s');
    await w.rest();
    expect(w.jobs.launched).toMatchObject([
      { kind: 'train-llm', dataset: 'cmrc', split: 'context/train', base: LLM, settings: { max_steps: 6 } },
    ]);
  });

  it('installs an engine after a yes that names what it needs', async () => {
    const w = await open(wide);
    await w.press('9', 'tab', 'i');
    expect(w.text()).toContain('It needs up to');
    await w.press('y');
    expect(w.jobs.launched).toEqual([{ kind: 'engine-install', engine: 'llamafactory', device: 'cpu' }]);
  });
});

it('asks the tune beside its base, with the prompt it was trained with', async () => {
  const w = await open({ ...wide, jobs: [jobView(trainingWork('t1'), { state: 'succeeded' })] });
  await w.press('9');
  await w.rest();
  await w.press('a');
  await w.rest();
  expect(w.ui.getState().screen).toBe('compare');
  expect(w.stores.compare.getState().slots.map(({ settings }) => [settings.llm, settings.prompt])).toEqual([
    [LLM, 'sft'],
    ['t1', 'sft'],
  ]);
});

it('asks both as the tune’s rows were written, on one engine, with the system text it was trained with', async () => {
  const w = await open({ ...wide, jobs: [jobView(trainingWork('t1'), { state: 'succeeded' })] });
  const asked = { base: `${LLM}@vllm`, tuned: 't1@vllm', prompt: 'plain@t1', reads: false };
  w.deploy.tunes.set('t1', asked);
  await w.press('9');
  await w.rest();
  await w.press('a');
  await w.rest();
  expect(
    w.stores.compare.getState().slots.map(({ settings: { llm, prompt, context } }) => [llm, prompt, context]),
  ).toEqual([
    [`${LLM}@vllm`, 'plain@t1', 'none'],
    ['t1@vllm', 'plain@t1', 'none'],
  ]);
});

it('puts the int8 model of a tuned embedder beside it', async () => {
  const work: JobWork = {
    ...{ kind: 'train-embedder', dataset: 'cmrc', split: 'context/train', base: 'all-minilm-l6-v2-base', name: 'e1' },
    ...{ preset: 'cpu', settings: {}, seed: 42, embedder: { int8: true } },
  };
  const w = await open({ ...wide, jobs: [jobView(work, { state: 'succeeded' })] });
  await w.press('9');
  await w.rest();
  await w.press('a');
  await w.rest();
  const { slots } = w.stores.compare.getState();
  expect(slots.map(({ settings }) => settings.embedder)).toEqual(['all-minilm-l6-v2-exported', 'e1', 'e1-int8']);
  expect(new Set(slots.map(({ settings: { embedder, ...rest } }) => JSON.stringify(rest))).size).toBe(1);
});

it('deploys a tune and compares it with its base by one key', async () => {
  const job = jobView(trainingWork('t1'), { state: 'succeeded' });
  const w = await open({ ...wide, jobs: [job], adapters: [adapterOf('t1', LLM)] });
  await w.press('9');
  await w.rest();
  await w.press('D');
  await w.rest();
  expect(w.ui.getState().screen).toBe('compare');
  const { slots } = w.stores.compare.getState();
  expect(slots.map(({ settings }) => settings.llm)).toEqual([`${LLM}@vllm`, 't1@vllm']);
});

it('puts a tuned embedder beside its base, and nothing else differs', async () => {
  const work: JobWork = {
    kind: 'train-embedder',
    dataset: 'cmrc',
    split: 'context/train',
    base: 'all-minilm-l6-v2-base',
    name: 'e1',
    preset: 'cpu',
    settings: {},
    seed: 42,
  };
  const w = await open({ ...wide, jobs: [jobView(work, { state: 'succeeded' })] });
  const compare = w.stores.compare.getState();
  compare.refresh({ kb: 'notes', llm: LLM });
  const second = w.stores.compare.getState().slots[1];
  if (second) compare.configure(second.id, { llm: 'another', topK: 7 });
  await w.press('9');
  await w.rest();
  await w.press('a');
  await w.rest();
  const [left, right, ...more] = w.stores.compare.getState().slots.map(({ settings }) => settings);
  expect(more).toEqual([]);
  expect(left?.embedder).toBe('all-minilm-l6-v2-exported');
  expect(right).toEqual({ ...left, embedder: 'e1' });
});

describe('numbers of a training', () => {
  it('are the last of each; a small learning rate keeps its digits', () => {
    const series = new Map([
      [
        'loss',
        [
          { step: 1, value: 2 },
          { step: 2, value: 1.23456 },
        ],
      ],
      ['learning_rate', [{ step: 2, value: 0.0000098 }]],
    ]);
    expect(numbersText(series)).toBe('loss 1.235 · learning rate 9.8e-6');
  });
});
