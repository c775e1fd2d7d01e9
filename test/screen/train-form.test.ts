import { afterEach, describe, expect, it } from 'vitest';
import { offeredNames } from '../../src/screens/train/form-settings.ts';
import { settingProblem } from '../../src/screens/train/setting-about.ts';
import { jobView } from '../store/fakes.ts';
import { contextSplit, manifest, trainingWork } from '../store/loop-fakes.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});
const wide: World = {
  columns: 120,
  rows: 40,
  language: 'en',
  datasets: [manifest('cmrc', { splits: [contextSplit()] })],
  models: ['smollm2-135m-instruct'],
  engines: ['llamafactory'],
};
async function form(world: World): Promise<ScreensWindow> {
  const w = await openScreens(world);
  window = w;
  await w.press('9', 'n');
  await w.rest();
  return w;
}
const down = (rows: number): string[] => Array.from({ length: rows }, () => 'down');
const settings = (w: ScreensWindow) => w.stores.training.getState().form.settings;

describe.each(
  [
    { columns: 80, rows: 24 },
    { columns: 120, rows: 40 },
  ].flatMap((size) => (['en', 'zh'] as const).map((language) => ({ ...size, language }))),
)('the form, $language at $columns×$rows', (place) => {
  it('is the frame it was, with forecast or plan beside it', async () => {
    const w = await form({ ...wide, ...place });
    await w.press(...down(6));
    expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
    await expect(`${w.text()}\n`).toMatchFileSnapshot(`golden/train-form-${place.columns}-${place.language}.txt`);
    const [forecast, plan] = place.language === 'en' ? ['Forecast', 'stage: sft'] : ['预估', 'stage: sft'];
    expect(w.text()).toContain(forecast);
    await w.press('p');
    expect(w.text()).toContain(plan);
  });
});

describe('the form of a training', () => {
  it('explains what the cursor stands on: what it does, its range, what the preset says', async () => {
    const w = await form(wide);
    await w.press(...down(2));
    expect(w.text()).toContain('The rows it learns from');
    await w.press(...down(14));
    expect(w.text()).toContain('1 to 512, whole');
    expect(w.text()).toContain('preset 8');
  });

  it('refuses a value out of its range, and says which it has', async () => {
    const w = await form(wide);
    await w.press(...down(16), 'enter');
    await w.press('backspace');
    await w.type('600');
    await w.press('enter');
    expect(w.text()).toContain('lora_rank must be 1 to 512, whole.');
    expect(settings(w)).toEqual({});
  });

  it('adds any key of the engine, offers names for a slip or a part, and refuses what is none', async () => {
    const w = await form(wide);
    await w.press('+');
    await w.type('weight_decay=0.1');
    await w.press('enter');
    expect(settings(w)).toEqual({ weight_decay: 0.1 });
    expect(w.text()).toContain('weight_decay');
    await w.press('+');
    await w.type('warmup');
    await w.press('enter');
    expect(w.text()).toContain('warmup_steps');
    await w.press('down', 'enter');
    await w.type('5');
    await w.press('enter');
    expect(settings(w)).toEqual({ weight_decay: 0.1, warmup_steps: 5 });
    await w.press('+');
    await w.type('nonsense_here');
    await w.press('enter');
    expect(w.text()).toContain('The engine has no setting like “nonsense_here”.');
  });

  it('takes the last change back, and gives a setting the preset’s value again', async () => {
    const w = await form(wide);
    await w.press('u');
    expect(w.text()).toContain('nothing was changed yet');
    await w.press(...down(13), 'enter');
    await w.type('6');
    await w.press('enter');
    expect(settings(w)).toEqual({ max_steps: 6 });
    await w.press('d');
    expect(settings(w)).toEqual({});
    await w.press('u');
    expect(settings(w)).toEqual({ max_steps: 6 });
    await w.press('u');
    expect(settings(w)).toEqual({});
  });

  it('begins with the settings of the last training of its kind, and says so', async () => {
    const work = { ...trainingWork('t1'), settings: { max_steps: 7 } };
    const w = await form({ ...wide, jobs: [jobView(work, { state: 'succeeded' })] });
    expect(settings(w)).toEqual({ max_steps: 7 });
    expect(w.text()).toContain('Begun with the settings of t1');
    await w.press('u');
    expect(settings(w)).toEqual({});
  });

  it('says that it waits when a training runs on this CPU', async () => {
    const w = await form({ ...wide, jobs: [jobView(trainingWork('t1'))] });
    expect(w.text()).toMatch(/start +after \d{8}-\d{6}-train-llm/);
  });

  it('counts the tokens when it is asked to', async () => {
    const w = await form(wide);
    await w.press('m');
    await w.rest();
    expect(w.training.counted).toMatchObject([{ dataset: 'cmrc', base: 'smollm2-135m-instruct' }]);
    expect(w.stores.training.getState().counting).toBe(false);
  });

  it('trains another way: whole weights drop what only an adapter has', async () => {
    const w = await form(wide);
    w.stores.training.getState().configure({ settings: { lora_rank: 4, weight_decay: 0.1 } });
    await w.press(...down(7), 'enter');
    expect(w.text()).toContain('All weights learn');
    await w.press('down', 'down', 'enter');
    await w.rest();
    expect(w.stores.training.getState().form).toMatchObject({ method: 'full', settings: { weight_decay: 0.1 } });
    expect(w.text()).toContain('--method full');
    await w.press('u');
    expect(w.stores.training.getState().form).toMatchObject({ method: null, settings: { lora_rank: 4 } });
  });

  it('learns preferences from preference rows alone', async () => {
    const w = await form({ ...wide, datasets: [manifest('cmrc'), manifest('likes', { kind: 'preference' })] });
    await w.press(...down(8), 'enter', 'down', 'enter');
    await w.rest();
    expect(w.stores.training.getState().form).toMatchObject({ stage: 'dpo', dataset: 'likes' });
  });

  it('measures steps when it is asked to, and ends that at the same key', async () => {
    const w = await form(wide);
    await w.press('M');
    expect(w.text()).toContain('being measured');
    expect(w.training.measured.map(({ work }) => work)).toMatchObject([{ kind: 'train-llm', dataset: 'cmrc' }]);
    await w.press('M');
    await w.rest();
    expect(w.text()).toContain('unknown until measured here (M)');
    await w.press('M');
    w.training.measured[1]?.end.resolve();
    await w.rest();
    expect(w.stores.training.getState().measuring).toBe(false);
  });

  it('does not measure beside a training that runs', async () => {
    const w = await form({ ...wide, jobs: [jobView(trainingWork('t1'))] });
    await w.press('M');
    expect(w.text()).toContain('the steps would be measured beside it');
    expect(w.training.measured).toEqual([]);
  });
});

describe('names that are offered', () => {
  const names = ['lora_rank', 'lora_alpha', 'warmup_steps', 'warmup_ratio', 'max_steps'];

  it('are slips first, then what holds the word, that which begins with it before the rest', () => {
    expect(offeredNames('lora_rnak', names)).toEqual(['lora_rank']);
    expect(offeredNames('steps', names)).toEqual(['warmup_steps', 'max_steps']);
    expect(offeredNames('warm', names)).toEqual(['warmup_steps', 'warmup_ratio']);
    expect(offeredNames('xyz', names)).toEqual([]);
    expect(offeredNames('', names)).toEqual([]);
  });
});

describe('a value that cannot be', () => {
  it.each([
    ['lora_rank', 8.5],
    ['lora_rank', 'many'],
    ['learning_rate', 1],
    ['temperature', 0],
  ] as const)('%s=%s is refused', (key, value) => expect(settingProblem(key, value, 8)).toBeTruthy());

  it('goes by the preset where there is no range', () => {
    expect(settingProblem('packing', 'perhaps', false)).toBeTruthy();
    expect(settingProblem('packing', true, false)).toBeUndefined();
    expect(settingProblem('lr_scheduler_type', 'cosine', 'linear')).toBeUndefined();
  });
});
