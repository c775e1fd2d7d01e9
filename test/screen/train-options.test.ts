import { afterEach, describe, expect, it } from 'vitest';
import type { JobWork } from '../../src/jobs/types.ts';
import { headlessCommand } from '../../src/screens/train/form.ts';
import type { TemplateChoice } from '../../src/training/template-choice.ts';
import { setLanguage } from '../../src/ui/i18n/index.ts';
import { workOf } from '../../stores/training-form.ts';
import { jobView } from '../store/fakes.ts';
import { factsOfHost, hostCalled } from '../store/fleet-samples.ts';
import { contextSplit, manifest, trainingWork } from '../store/loop-fakes.ts';
import { openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});
const LLM = 'smollm2-135m-instruct';
const BASE = 'all-minilm-l6-v2-base';
const three = contextSplit();
const wide: World = {
  columns: 120,
  rows: 40,
  language: 'en',
  datasets: [
    manifest('cmrc', {
      splits: [{ ...three, parts: [...three.parts, { name: 'dev', rows: 1, sharedWithTrain: 0 }] }],
    }),
  ],
  models: [LLM, BASE],
  engines: ['llamafactory', 'flagembedding'],
};
async function open(world: World = wide): Promise<ScreensWindow> {
  const w = await openScreens(world);
  window = w;
  await w.press('9', 'n');
  await w.rest();
  return w;
}
const form = (w: ScreensWindow) => w.stores.training.getState().form;
const command = (w: ScreensWindow) => headlessCommand(form(w));

/** Goes to the line of a title, from wherever the cursor is. */
async function goTo(w: ScreensWindow, title: string): Promise<void> {
  const rowOf = (text: string): number => w.rows().findIndex((row) => row.startsWith(`┃${text.padEnd(17)}`));
  if (rowOf(` ${title}`) < 0 && rowOf(`▸${title}`) < 0) await w.press('end');
  if (rowOf(` ${title}`) < 0 && rowOf(`▸${title}`) < 0) await w.press('home');
  const here = w.rows().findIndex((row) => row.startsWith('┃▸'));
  const there = rowOf(` ${title}`);
  if (there < 0 && rowOf(`▸${title}`) < 0) throw new Error(`There is no line "${title}":\n${w.text()}`);
  if (there >= 0) await w.burst(...Array(Math.abs(there - here)).fill(there > here ? 'down' : 'up'));
}
async function change(w: ScreensWindow, title: string, ...keys: string[]): Promise<void> {
  await goTo(w, title);
  await w.press('enter', ...keys);
}
async function typeInto(w: ScreensWindow, title: string, text: string): Promise<void> {
  await goTo(w, title);
  await w.press('enter');
  await w.burst('ctrl+u', ...[...text].map((character) => (character === ' ' ? 'space' : character)));
  await w.press('enter');
}

describe('the form of an embedder’s training', () => {
  async function embedder(): Promise<ScreensWindow> {
    const w = await open();
    await change(w, 'What', 'down', 'enter');
    return w;
  }

  /** They are in the command, and in the job as it is started. */
  async function expectStarted(w: ScreensWindow, options: object, told: string): Promise<void> {
    expect(form(w).embedder).toEqual(options);
    expect(command(w)).toContain(told);
    await w.press('s');
    await w.rest();
    expect(w.jobs.launched).toMatchObject([{ kind: 'train-embedder', base: BASE, embedder: options }]);
  }

  it('has its options for the steps, explained, and starts with them', async () => {
    const w = await embedder();
    expect(form(w)).toMatchObject({ kind: 'embedder', base: BASE, embedder: {} });
    await typeInto(w, 'Negatives a row', '5');
    expect(w.text()).toContain('Wrong passages a row in each step');
    await typeInto(w, 'Temperature', '0.05');
    await change(w, 'Instruction', 'down', 'enter');
    await change(w, 'Held out', 'down', 'down', 'enter');
    await change(w, 'Keeps', 'down', 'enter');
    await expectStarted(
      w,
      { negatives: 5, temperature: 0.05, instruction: false, evalSplit: 'context/test', keep: 'best' },
      '--negatives 5 --temperature 0.05 --instruction off --eval-split context/test --keep best',
    );
  });

  it('has its options for the result, and starts with them', async () => {
    const w = await embedder();
    await typeInto(w, 'Matryoshka', '128, 64');
    await change(w, 'Distillation', 'down', 'enter');
    await change(w, 'Also int8', 'down', 'enter');
    await expectStarted(
      w,
      { matryoshka: [64, 128], distill: true, int8: true },
      '--matryoshka 64,128 --distill --int8',
    );
  });

  it('shows which part is held out by itself, and offers no best step where none is', async () => {
    const w = await embedder();
    await goTo(w, 'Held out');
    expect(w.text()).toMatch(/▸Held out +context\/dev {2}1 row/);
    await change(w, 'Held out', 'down', 'enter');
    expect(form(w).embedder).toEqual({ evalSplit: 'none' });
    await change(w, 'Keeps', 'down', 'enter');
    expect(w.text()).toContain('no part is held out');
    expect(form(w).embedder.keep).toBeUndefined();
  });

  it('refuses what is out of range, and gives back what is usual', async () => {
    const w = await embedder();
    await typeInto(w, 'Negatives a row', '2.5');
    expect(w.text()).toContain('Negatives a row must be 1 to 63, whole.');
    await typeInto(w, 'Temperature', '3');
    expect(w.text()).toContain('Temperature must be 0.001 to 1.');
    await typeInto(w, 'Matryoshka', 'short');
    expect(w.text()).toContain('“short” are no lengths');
    expect(form(w).embedder).toEqual({});
    await typeInto(w, 'Negatives a row', '5');
    await w.press('d');
    expect(form(w).embedder).toEqual({});
    await w.press('u');
    expect(form(w).embedder).toEqual({ negatives: 5 });
  });

  it('says once what the engine’s own key says too', async () => {
    const w = await embedder();
    w.stores.training.getState().configure({ settings: { train_group_size: 4, weight_decay: 0.1 } });
    await goTo(w, 'Negatives a row');
    expect(w.text()).toMatch(/▸Negatives a row +3/);
    await typeInto(w, 'Negatives a row', '6');
    expect(form(w)).toMatchObject({ embedder: { negatives: 6 }, settings: { weight_decay: 0.1 } });
    expect(form(w).settings).not.toHaveProperty('train_group_size');
  });

  it('loses its options with the kind', async () => {
    const w = await embedder();
    await typeInto(w, 'Negatives a row', '5');
    await change(w, 'What', 'up', 'enter');
    expect(form(w)).toMatchObject({ kind: 'llm', embedder: {} });
  });
});

describe('the form of an LLM’s training', () => {
  it('says which template was found by comparison, and takes another by name or by a part of it', async () => {
    const w = await openScreens(wide);
    window = w;
    const found: TemplateChoice = { name: 'smollm2', how: 'compared', trims: false };
    w.training.templates.set(LLM, found);
    await w.press('9', 'n');
    await w.rest();
    await goTo(w, 'Template');
    expect(w.text()).toMatch(/▸Template +smollm2 {2}found by comparison/);
    expect(command(w)).not.toContain('--template');
    await w.press('enter', 'down', 'enter');
    await w.type('qwn3');
    await w.press('enter');
    expect(w.text()).toContain('LLaMA-Factory has no template “qwn3”.');
    await w.press('enter');
    await w.rest();
    expect(form(w).template).toBe('qwen3');
    expect(command(w)).toContain('--template qwen3');
    await w.press('d');
    expect(form(w).template).toBeNull();
  });

  it('takes a system text for every row, and the rows’ own again', async () => {
    const w = await open();
    await typeInto(w, 'System text', 'Answer in one word.');
    expect(form(w).system).toBe('Answer in one word.');
    expect(command(w)).toContain("--system 'Answer in one word.'");
    await w.press('s');
    await w.rest();
    expect(w.jobs.launched).toMatchObject([{ kind: 'train-llm', system: 'Answer in one word.' }]);
    w.stores.training.getState().setView('form');
    w.ui.getState().setFocus('form', 'train');
    await typeInto(w, 'System text', '');
    expect(form(w).system).toBeNull();
  });

  it('asks for GPUs only where the engine has some', async () => {
    const w = await open({ ...wide, engines: [] });
    expect(w.text()).not.toContain('GPUs');
    w.stores.training.setState({ device: 'cuda' });
    await w.rest();
    await typeInto(w, 'GPUs', '65');
    expect(w.text()).toContain('GPUs must be 1 to 64.');
    await typeInto(w, 'GPUs', '2');
    expect(form(w).gpus).toBe(2);
    expect(command(w)).toContain('--gpus 2');
  });
});

describe('a training like one before', () => {
  const llm = {
    ...trainingWork('t1'),
    method: 'lora',
    template: 'chatml',
    system: 'Be brief.',
    allowUnservable: true,
    limit: 50,
    seed: 7,
  } as JobWork;
  const embedder: JobWork = {
    kind: 'train-embedder',
    dataset: 'cmrc',
    split: 'context/train',
    base: BASE,
    name: 'e1',
    preset: 'cpu',
    settings: { weight_decay: 0.1 },
    seed: 42,
    embedder: { evalSplit: 'context/dev', keep: 'best', matryoshka: [64], instruction: false },
  };

  it.each([
    ['of an LLM', llm, 't1-2'],
    ['of an embedder', embedder, 'e1-2'],
  ] as const)('%s is filled in whole, under the next free name, and started so', async (_, work, name) => {
    const w = await openScreens({ ...wide, jobs: [jobView(work, { state: 'failed' })] });
    window = w;
    await w.press('9');
    await w.rest();
    await w.press('C');
    await w.rest();
    expect(form(w).name).toBe(name);
    await w.press('s');
    await w.rest();
    expect(w.jobs.launched).toEqual([{ ...work, name }]);
  });

  it('goes on as it was told, word for word', async () => {
    const w = await openScreens({ ...wide, jobs: [jobView(embedder, { state: 'stopped' })] });
    window = w;
    await w.press('9');
    await w.rest();
    await w.press('r');
    await w.rest();
    expect(w.jobs.launched).toEqual([embedder]);
  });

  it('a new one begins with the options of the last of its kind, but chooses its held-out part anew', async () => {
    const w = await openScreens({ ...wide, jobs: [jobView(llm, { state: 'succeeded' })] });
    window = w;
    await w.press('9', 'n');
    await w.rest();
    expect(form(w)).toMatchObject({ template: 'chatml', system: 'Be brief.', limit: null, seed: 42 });
    expect(w.text()).toContain('Begun with the settings of t1');
  });
});

describe('where a training runs', () => {
  const engine = { python: '/p', device: 'cuda', versions: { llamafactory: '0.9.5' }, lock: '' } as const;
  const hosts = [
    hostCalled('gpu', {
      facts: factsOfHost({ gpus: [{ name: 'A100', memoryMb: 81_920, driver: '1' }] }),
      installed: [{ name: 'llamafactory', ...engine }],
    }),
    hostCalled('bare'),
    hostCalled('new', { facts: null }),
    hostCalled('closed', { drainedAt: '2026-11-23T06:00:00.000Z' }),
  ];

  it('is not asked where no other host is known', async () => {
    expect((await open()).text()).not.toContain('Runs on');
  });

  it('is chosen among the known hosts, with what each lacks, and goes into command and job', async () => {
    const w = await open({ ...wide, hosts, engines: [] });
    expect(w.text()).toMatch(/Runs on +this machine/);
    await goTo(w, 'Runs on');
    await w.press('enter');
    expect(w.text()).toMatch(/gpu +0\.9\.5 · 1 × A100/);
    expect(w.text()).toContain('ragtui hosts prepare bare --engine llamafactory');
    expect(w.text()).toContain('ragtui hosts check new');
    expect(w.text()).toContain('drained: ragtui hosts undrain closed');
    await w.press('down', 'enter');
    await w.rest();
    expect(form(w).launcher).toBe('ssh:gpu');
    expect(command(w)).toContain('--launcher ssh:gpu');
    expect(w.text()).toContain('It runs on gpu');
    await w.press('M');
    expect(w.text()).toContain('steps are measured on this machine alone');
    await w.press('s');
    await w.rest();
    expect(w.jobs.launched).toMatchObject([{ kind: 'train-llm', launcher: 'ssh:gpu' }]);
    expect(w.text()).toContain('on gpu');
  });

  it('asks for nodes where Slurm gives them, no more than the partition has, and only there', async () => {
    const partitions = [{ name: 'debug', up: true, limit: 'infinite', nodes: 2, gres: '' }];
    const facts = factsOfHost({ slurm: { version: '22.05.8', problem: '', partitions } });
    const login = hostCalled('login', { facts, installed: [{ name: 'llamafactory', ...engine, device: 'cpu' }] });
    const w = await open({ ...wide, hosts: [login], engines: [] });
    expect(w.text()).not.toMatch(/Nodes +1/);
    w.stores.training.getState().configure({ launcher: 'slurm:login' });
    await w.rest();
    await goTo(w, 'Nodes');
    expect(w.text()).toMatch(/Nodes +1 +the largest partition has 2/);
    await typeInto(w, 'Nodes', '3');
    expect(form(w).nodes).toBeNull();
    expect(w.text()).toContain('1 to 2');
    await typeInto(w, 'Nodes', '2');
    expect(form(w).nodes).toBe(2);
    expect(command(w)).toContain('--nodes 2');
    await w.press('s');
    await w.rest();
    expect(w.jobs.launched).toMatchObject([{ kind: 'train-llm', launcher: 'slurm:login', nodes: 2 }]);

    w.stores.training.getState().configure({ launcher: null });
    await w.rest();
    expect(command(w)).not.toContain('--nodes');
  });

  it('needs the engine of its kind there', async () => {
    const w = await open({ ...wide, hosts });
    w.stores.training.getState().configure({ kind: 'embedder', launcher: 'ssh:gpu', base: BASE, name: 'x' });
    await w.press('s');
    expect(w.text()).toContain('is not there: ragtui hosts prepare gpu --engine');
    expect(w.jobs.launched).toEqual([]);
  });

  it('is said in both languages in the list of jobs, with the host that is gone', async () => {
    const far = { host: 'gpu', run: 'run-1', open: true };
    const training = {
      dataset: 'cmrc',
      split: 'all',
      base: LLM,
      name: 't1',
      preset: 'cpu',
      settings: {},
      seed: 42,
    } as const;
    const job = jobView(workOf('llm', training, 'ssh:gpu'), {
      far,
      reason: 'gpu unreachable since 2026-11-23T06:30:00.000Z',
    });
    for (const [language, said] of [
      ['en', 'on gpu'],
      ['zh', '在 gpu 上'],
    ] as const) {
      const w = await openScreens({ ...wide, language, jobs: [job] });
      window = w;
      await w.press('5');
      await w.rest();
      expect(w.rows().filter((row) => row.includes(said))).toHaveLength(2);
      expect(w.text()).toContain(`${said} · run-1`);
      expect(w.text()).toContain('gpu unreachable since');
      await w.press('9');
      await w.rest();
      expect(w.text()).toContain(`train-llm ${job.spec.id.slice(-4)} ${said}`);
      expect(w.text()).toContain('gpu unreachable since');
      w.dispose();
    }
    setLanguage('en');
  });
});
