import { afterEach, describe, expect, it } from 'vitest';
import type { JobId } from '../../src/jobs/types.ts';
import type { TelemetrySample } from '../../src/serving/metrics-types.ts';
import type { Failure } from '../../src/training/failures/types.ts';
import { jobView } from '../store/fakes.ts';
import { trainingWork } from '../store/loop-fakes.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});

const ID = '20261123-061530-train-llm-0001' as JobId;
const OTHER = '20261123-051530-train-llm-0002' as JobId;
const PID = 77;
const job = (id: JobId, change: Parameters<typeof jobView>[1]) => {
  const view = jobView(trainingWork(id === ID ? 't1' : 't0'), change);
  return { ...view, spec: { ...view.spec, id, name: `train ${id === ID ? 't1' : 't0'}` } };
};
const progress = { phase: 'training', done: 24, total: 48, unit: 'steps', rate: 0.5, secondsLeft: 48, details: {} };
const world = (place: Pick<World, 'columns' | 'rows' | 'language'>): World => ({
  ...place,
  jobs: [job(OTHER, { state: 'succeeded', endedAt: '2026-11-23T06:20:00.000Z' }), job(ID, { pid: PID, progress })],
  models: ['smollm2-135m-instruct'],
});
const sample: TelemetrySample = {
  type: 'sample',
  at: 0,
  machine: { cpu: 0.93, cores: 2, load: 2.1, memoryTotal: 8e9, memoryAvailable: 3.2e9 },
  gpus: { state: 'none' },
  servers: [],
  processes: [{ pid: PID, processes: { processes: 3, memory: 1.8e9, cores: 1.9 }, gpuMemory: null }],
};

/** What a training of 24 steps has told: falling losses, a rising and falling rate, one session that went on at 12. */
function tell({ training }: ScreensWindow, id: JobId, factor = 1): void {
  for (let step = 1; step <= 24; step++) {
    const say = (name: string, value: number) => training.emit(id, { name, step, value });
    say('loss', (factor * 4) / step + (step % 2) * 0.2);
    say('learning_rate', 1e-4 * Math.min(1, step / 6));
    say('grad_norm', 1 + (step % 5) / 10);
    say('epoch', step / 24);
    if (step % 6 === 0) say('eval_loss', (factor * 4) / step + 0.3);
  }
  training.emit(id, { name: 'resumed', step: 12, value: 1 });
  for (const step of [12, 24]) {
    training.event(id, {
      type: 'artifact',
      name: `checkpoint-${step}`,
      path: `/t/checkpoint-${step}`,
      data: { kind: 'checkpoint', step, bytes: 12e6 },
    });
  }
}

async function live(place: Pick<World, 'columns' | 'rows' | 'language'>): Promise<ScreensWindow> {
  const w = await openScreens(world(place));
  window = w;
  await w.press('9');
  await w.rest();
  tell(w, ID);
  w.telemetry.workers[0]?.say(sample);
  w.ui.getState().setFocus('live', 'train');
  await w.rest();
  return w;
}
const WIDE = { columns: 120, rows: 40, language: 'en' } as const;

describe.each(
  [
    { columns: 80, rows: 24 },
    { columns: 120, rows: 40 },
    { columns: 200, rows: 50 },
  ].flatMap((size) => (['en', 'zh'] as const).map((language) => ({ ...size, language }))),
)('the live view, $language at $columns×$rows', (place) => {
  it('is the frame it was', async () => {
    const w = await live(place);
    expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    await expect(`${w.text()}\n`).toMatchFileSnapshot(`golden/train-live-${place.columns}-${place.language}.txt`);
  });
});

describe('the live view', () => {
  it('draws as many charts as there is room for, one alone on c, and all again', async () => {
    const w = await live(WIDE);
    const titles = () =>
      ['Loss ', 'Held-out loss', 'Learning rate', 'Gradient'].filter((title) => w.text().includes(` ${title}`));
    expect(titles()).toHaveLength(4);
    await w.press('c', 'c');
    expect(titles()).toEqual(['Held-out loss']);
    await w.press('c', 'c', 'c');
    expect(titles()).toHaveLength(4);
  });

  it('tells what the curves stood at, at the step that is pointed at', async () => {
    const w = await live(WIDE);
    await w.press('home', 'right', 'right', 'right');
    // 4/4 and an even step; the rate rises to its sixth step; nothing was held out yet.
    expect(w.text()).toContain('step 4 · epoch 0.17');
    expect(w.text()).toContain('Loss 1.000');
    expect(w.text()).toContain('Learning rate 6.7e-5');
    expect(w.text()).toContain('Held-out loss –');
    await w.press('end', 'left');
    expect(w.text()).toContain('step 23 ·');
    await w.press('esc');
    expect(w.text()).not.toContain('step 23 ·');
  });

  it('tells the curves by epoch when it is asked to', async () => {
    const w = await live(WIDE);
    await w.press('e');
    expect(w.text()).toContain('epochs 0.04 to 1.00');
    await w.press('e');
    expect(w.text()).toContain('steps 1 to 24');
  });

  it('knows its checkpoints, which is newest and best, where it went on, and what it uses', async () => {
    const w = await live(WIDE);
    expect(w.text()).toMatch(/step 24, 12.0 MB {2}newest · best loss/);
    expect(w.text()).toContain('step 12, 12.0 MB');
    expect(w.text()).toContain('went on at step 12');
    expect(w.text()).toContain('1.9 cores, 1.8 GB in 3 processes');
    w.training.event(ID, {
      type: 'artifact',
      name: 'checkpoint-12',
      path: '/t/checkpoint-12',
      data: { kind: 'checkpoint', step: 12, bytes: 12e6, gone: true },
    });
    await w.rest();
    expect(w.text()).not.toContain('step 12, 12.0 MB');
  });

  it('looks at the processes of the training only while it is on screen', async () => {
    const w = await live(WIDE);
    const [worker] = w.telemetry.workers;
    expect(worker?.asked.at(-1)).toEqual({ type: 'watch', llms: [], pids: [PID], everyMs: 1000 });
    await w.press('5');
    await w.rest();
    expect(worker?.stopped).toBe(true);
  });

  it('lays marked trainings over the one that is looked at, each with its sign and what it came to', async () => {
    const w = await live(WIDE);
    w.ui.getState().setFocus('runs', 'train');
    await w.press('down', 'space');
    await w.rest();
    expect(w.training.watchers(OTHER)).toBe(1);
    tell(w, OTHER, 2);
    await w.rest();
    w.ui.getState().setFocus('live', 'train');
    await w.press('c');
    expect(w.text()).toMatch(/Loss +● t1 0\.167 +▲ t0 0\.333/);
    expect(w.text()).toMatch(/[⠁-⣿▲]*▲[⠁-⣿]/);
    w.ui.getState().setFocus('runs', 'train');
    await w.press('down', 'space');
    await w.rest();
    expect(w.training.watchers(OTHER)).toBe(0);
    expect(w.text()).not.toContain('▲ t0');
  });
});

it('writes the curves that are shown into files, and says where they are', async () => {
  const w = await live(WIDE);
  w.ui.getState().setFocus('runs', 'train');
  await w.press('down', 'space');
  w.ui.getState().setFocus('live', 'train');
  await w.press('w');
  await w.rest();
  expect(w.training.exported).toEqual([[ID, OTHER]]);
  expect(w.text()).toContain('/exports/t1-curves.csv');
});

describe('a training that failed', () => {
  const failure: Failure = {
    kind: 'memory',
    code: 'unavailable',
    message: 'The machine ran out of memory.',
    hint: 'Take the next rung.',
    lines: ['torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.'],
    rank: null,
    memory: null,
    rung: {
      id: 'micro-batch',
      changes: { per_device_train_batch_size: 1, gradient_accumulation_steps: 2 },
      keepsBatch: true,
    },
  };
  const failed = async (kept: Failure | undefined): Promise<ScreensWindow> => {
    const error = { code: 'unavailable', message: failure.message, hint: failure.hint };
    const w = await openScreens({ ...WIDE, jobs: [job(ID, { state: 'failed', error })] });
    window = w;
    if (kept) w.training.failures.set(ID, kept);
    await w.press('9');
    await w.rest();
    tell(w, ID);
    await w.rest();
    return w;
  };

  it('shows why, the engine’s own lines, and one key that tries smaller with the same batch', async () => {
    const w = await failed(failure);
    expect(w.text()).toContain('✗ The machine ran out of memory.');
    expect(w.text()).toContain('│ torch.OutOfMemoryError: CUDA out of memory.');
    expect(w.text()).toContain('→ t tries again with per_device_train_batch_size=1');
    expect(w.text()).toContain('gradient_accumulation_steps=2');
    await w.press('t');
    await w.rest();
    expect(w.jobs.launched).toMatchObject([
      {
        kind: 'train-llm',
        name: 't1-2',
        settings: { per_device_train_batch_size: 1, gradient_accumulation_steps: 2 },
        dataset: 'cmrc',
        split: 'context/train',
      },
    ]);
  });

  it('offers nothing where nothing smaller is left, or it failed for another reason', async () => {
    const w = await failed(undefined);
    await w.press('t');
    expect(w.text()).toContain('it did not run out of memory');
    expect(w.jobs.launched).toEqual([]);
  });
});
