import { afterEach, describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/models/types.ts';
import { LOAD_TEST_USUAL, type LoadTestResult } from '../../src/serving/load-test/types.ts';
import type { ServerFigures, ServerSample, TelemetrySample } from '../../src/serving/metrics-types.ts';
import type { Running } from '../../stores/ask.ts';
import { createStreamBuffer } from '../../stores/stream-buffer.ts';
import { adapterOf, chatResult, deployedAdapter, serveWork } from '../store/deploy-fakes.ts';
import { deferred, jobView } from '../store/fakes.ts';
import { factsOfHost, hostCalled } from '../store/fleet-samples.ts';
import { contextSplit, manifest } from '../store/loop-fakes.ts';
import { answerOf } from './compare-metrics-samples.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});
const open = async (world: World): Promise<ScreensWindow> => {
  window = await openScreens(world);
  await window.press('-');
  await window.rest();
  return window;
};
const PLACES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
].flatMap((size) => (['en', 'zh'] as const).map((language) => ({ ...size, language })));
const BASE = 'smollm2-135m-instruct';
const URL = 'http://127.0.0.1:8123/v1';
const NOW = Date.parse('2026-11-23T06:20:00.000Z');
const server = (change = {}) =>
  jobView(
    { kind: 'serve', ...serveWork(BASE, { adapters: [{ name: 'sft-1', path: '/adapters/sft-1' }] }) },
    { endpoint: { url: URL, model: BASE }, ...change },
  );
const box: Endpoint = { name: 'gpu-box', kind: 'chat', url: 'http://10.0.0.7:8000/v1', model: 'qwen' };
const wide: World = {
  columns: 120,
  rows: 40,
  language: 'en',
  models: [BASE],
  adapters: [adapterOf('sft-1', BASE), adapterOf('sft-2', BASE)],
};
const FIGURES: ServerFigures = {
  running: 2,
  waiting: 1,
  kvCache: 0.42,
  prefixHits: 0.8,
  promptRate: 120.5,
  generationRate: 61.25,
  firstTokenMs: { p50: 110, p95: 420 },
  gapMs: { p50: 16, p95: 31 },
  preemptions: 0,
  lora: { slots: 2, running: ['sft-1'], waiting: [] },
};
const sampleOf = (job: string | null, change: Partial<ServerSample> = {}): ServerSample => ({
  url: URL,
  names: [BASE, 'sft-1'],
  engine: 'llama',
  state: 'ok',
  figures: FIGURES,
  restarted: false,
  processes: { processes: 2, memory: 612e6, cores: 1.4 },
  gpuMemory: null,
  job,
  answeredAt: NOW,
  watchedAt: NOW - 60_000,
  facts: null,
  ...change,
});
const telling = (servers: readonly ServerSample[], change: Partial<TelemetrySample> = {}): TelemetrySample => ({
  type: 'sample',
  at: NOW,
  machine: { cpu: 0.4, cores: 2, load: 1, memoryTotal: 8e9, memoryAvailable: 3e9 },
  gpus: { state: 'none' },
  servers: [...servers],
  processes: [],
  ...change,
});

describe.each(PLACES)('deploy, $language at $columns×$rows', (place) => {
  it('keeps its borders: empty, with servers, and the form', async () => {
    for (const jobs of [[], [server()]]) {
      const w = await open({ ...wide, ...place, jobs, endpoints: [box], hosts: [hostCalled('gpu')] });
      w.telemetry.workers.at(-1)?.say(telling(jobs.map(({ spec }) => sampleOf(spec.id))));
      await w.rest();
      for (const keys of [[], ['n']]) {
        await w.press(...keys);
        for (let pane = 0; pane < 6; pane++) {
          expect(frameFaults(w.rows(), place.columns, place.rows)).toEqual([]);
          await w.press('tab');
        }
      }
      w.dispose();
    }
  });
});

describe('the deploy screen', () => {
  it('says what to do where nothing is served', async () => {
    const w = await open({ ...wide, models: [] });
    expect(w.text()).toContain('Nothing is served. n starts a model');
    await w.press('x');
    expect(w.text()).toContain('there is no server under the cursor');
    await w.press('n', 'enter');
    expect(w.text()).toContain('not here: pull it on screen 4');
  });

  it('shows servers with their adapters, and what they do by their own metrics', async () => {
    const job = server();
    const w = await open({ ...wide, jobs: [job], endpoints: [box] });
    expect(w.text()).toMatch(/smollm2-135m-instruct\s+embedded\s+running\s+4m 29s/);
    expect(w.text()).toContain('└ sft-1');
    expect(w.text()).toMatch(/gpu-box\s+not ours/);
    expect(w.telemetry.workers.at(-1)?.asked).toEqual([
      { type: 'watch', llms: [], pids: [4711], all: true, everyMs: 1000 },
    ]);
    w.telemetry.workers.at(-1)?.say(telling([sampleOf(job.spec.id)]));
    await w.rest();
    expect(w.text()).toContain('612 MB');
    expect(w.text()).toMatch(/tokens\/s out\s+61\.3/);
    expect(w.text()).toMatch(/first token\s+110 ms \/ 420 ms/);
    expect(w.text()).toMatch(/KV cache\s+42%/);
    expect(w.text()).toContain('adapters in use 1/2: sft-1');
    expect(w.text()).toContain('No GPU here');
  });

  it('shows a pool as one, with its servers below it and what was asked of each', async () => {
    const other = 'http://10.0.0.8:8000/v1';
    const w = await open({ ...wide, endpoints: [{ ...box, alsoAt: [other] }] });
    expect(w.text()).toMatch(/gpu-box\s+not ours\s+2 servers/);
    const known = { state: 'up', why: '', inFlight: 3, requests: 120, failures: 0 } as const;
    const asked = { ...known, since: null, askedAt: NOW - 4000 };
    const foreign = { job: null, names: ['gpu-box'], engine: 'vllm', processes: null };
    w.telemetry.workers.at(-1)?.say(
      telling([
        sampleOf(null, { ...foreign, url: box.url, asked: { ...asked, url: box.url } }),
        sampleOf(null, {
          ...foreign,
          url: other,
          state: 'unreachable',
          figures: null,
          answeredAt: NOW - 120_000,
          asked: {
            ...asked,
            url: other,
            state: 'down',
            since: NOW - 90_000,
            why: 'Nothing answers there.',
            failures: 4,
            inFlight: 0,
          },
        }),
      ]),
    );
    await w.rest();
    expect(w.text()).toMatch(/gpu-box\s+vllm\s+1 of 2 answer/);
    expect(w.text()).toMatch(/├ 10\.0\.0\.7:8000\s+vllm\s+answers/);
    expect(w.text()).toMatch(/└ 10\.0\.0\.8:8000/);
    const said = w.text().replace(/[\s│┃]+/g, ' ');
    expect(w.text()).toMatch(/10\.0\.0\.7:8000\/v1 · in use · 120 requests/);
    expect(said).toContain('3 in work');
    expect(said).toContain('asked 4s ago');
    expect(said).toContain('running 2 · waiting 1 · tokens/s in 120.5');
    expect(said).toContain('tokens/s out 61.3');
    expect(said).toMatch(/does not answer since \S*\s?\d\d:\d\d/);
    expect(said).toMatch(/left out since \S*\s?\d\d:\d\d/);
    expect(said).toContain('4 failed');
    expect(w.text()).toContain('Nothing answers there.');
  });

  it('of the servers of an embedder it says which gave the promised vectors, and when', async () => {
    const other = 'http://10.0.0.8:8000/v1';
    const w = await open({ ...wide, endpoints: [{ ...box, kind: 'embedding', alsoAt: [other] }] });
    const foreign = { job: null, names: ['gpu-box'], engine: 'vllm', processes: null, figures: null };
    const asked = { state: 'up', why: '', since: null, askedAt: NOW, inFlight: 0, requests: 9, failures: 0 } as const;
    w.telemetry.workers.at(-1)?.say(
      telling([
        sampleOf(null, {
          ...foreign,
          url: box.url,
          asked: { ...asked, url: box.url },
          canary: { url: box.url, at: NOW - 60_000, kept: true, cosine: 0.99998 },
        }),
        sampleOf(null, { ...foreign, url: other, canary: { url: other, at: NOW, kept: false, cosine: 0.4312 } }),
      ]),
    );
    await w.rest();
    const said = w.text().replace(/[\s│┃]+/g, ' ');
    expect(said).toMatch(/vectors as promised at \S*\s?\d\d:\d\d \(cosine 1\.0000\)/);
    expect(said).toMatch(/10\.0\.0\.8:8000\/v1 · not asked yet/);
    expect(said).toMatch(/other vectors at \S*\s?\d\d:\d\d \(cosine 0\.4312\)/);
  });

  it('of an embedder with one server, of which nobody counts what is asked, it does not say that it was not asked', async () => {
    const w = await open({ ...wide, endpoints: [{ ...box, kind: 'embedding' }] });
    const foreign = { job: null, names: ['gpu-box'], engine: 'vllm', processes: null, figures: null };
    const canary = { url: box.url, at: NOW, kept: true, cosine: 1 };
    w.telemetry.workers.at(-1)?.say(telling([sampleOf(null, { ...foreign, url: box.url, canary })]));
    await w.rest();
    expect(w.text()).toContain('vectors as promised at');
    expect(w.text()).not.toContain('not asked yet');
  });

  it('shows each copy behind a server with data parallelism, with its rate', async () => {
    const job = server();
    const w = await open({ ...wide, jobs: [job] });
    const part = { running: 1, waiting: 0, kvCache: 0.25 };
    const parts = [
      { ...part, name: '0', generationRate: 40.5 },
      { ...part, name: '1', generationRate: null },
    ];
    w.telemetry.workers.at(-1)?.say(telling([sampleOf(job.spec.id, { figures: { ...FIGURES, parts } })]));
    await w.rest();
    expect(w.text()).toContain('copy 0: 1 running · 0 waiting · KV 25% · 40.5 tok/s');
    expect(w.text()).toContain('copy 1: 1 running · 0 waiting · KV 25% · – tok/s');
  });

  it('what a server does not tell is missing, not 0', async () => {
    const job = server();
    const w = await open({ ...wide, jobs: [job] });
    const nothing = { running: null, waiting: null, kvCache: null, prefixHits: null, promptRate: null };
    const figures = { ...FIGURES, ...nothing, generationRate: null, firstTokenMs: null, gapMs: null, lora: null };
    w.telemetry.workers.at(-1)?.say(telling([sampleOf(job.spec.id, { figures, processes: null })]));
    await w.rest();
    for (const name of ['running', 'waiting', 'tokens/s in', 'tokens/s out', 'first token', 'KV cache'])
      expect(w.text()).toMatch(new RegExp(`${name}\\s+– `));
    expect(w.text()).not.toMatch(/KV cache\s+0/);
  });

  it('a server that is silent for ten seconds is shown as such, with since when', async () => {
    const job = server();
    const w = await open({ ...wide, jobs: [job] });
    const worker = w.telemetry.workers.at(-1);
    const lost = (ago: number) => sampleOf(job.spec.id, { state: 'slow', figures: null, answeredAt: NOW - ago });
    worker?.say(telling([lost(9000)]));
    await w.rest();
    expect(w.text()).not.toContain('no answer');
    expect(w.text()).toContain('answers too slowly');
    worker?.say(telling([lost(11_000)]));
    await w.rest();
    expect(w.text()).toMatch(/embedded\s+no answer/);
    expect(w.text()).toMatch(/has not answered since \S*\s?\d\d:\d\d/);
  });

  it('stops a server after a yes that says what ends, and shows the steps', async () => {
    const job = server();
    const w = await open({ ...wide, jobs: [job] });
    w.telemetry.workers.at(-1)?.say(telling([sampleOf(job.spec.id)]));
    await w.rest();
    await w.press('x');
    expect(w.text()).toContain('2 requests are being answered');
    await w.press('y');
    expect(w.text()).toMatch(/embedded\s+stopped/);
  });

  it('starts what the form says, the memory known first', async () => {
    const w = await open(wide);
    await w.press('s');
    expect(w.text()).toContain('n fills in a server first');
    await w.press('n');
    await w.rest();
    expect(w.text()).toContain(`$ ragtui deploy start ${BASE}`);
    expect(w.text()).toContain('needs about 600 MB of the 3.1 GB');
    await w.press('down', 'enter', 'down', 'enter');
    await w.rest();
    expect(w.text()).toContain('--adapter sft-2');
    await w.press('s');
    expect(w.text()).toContain(`Serves ${BASE}, sft-2 on embedded server`);
    await w.press('y');
    expect(w.deploy.started).toEqual([{ model: BASE, adapters: ['sft-2'] }]);
  });

  it('loads an adapter of the same base as a version, rolls back and forward, and takes it off', async () => {
    const job = server();
    const w = await open({ ...wide, jobs: [job], adapters: [...(wide.adapters ?? []), adapterOf('qwen-sft', 'qwen')] });
    await w.press('b');
    expect(w.text()).toContain('the cursor is on no adapter');
    await w.press('l');
    expect(w.text()).toMatch(/sft-1\s+version 1 is there/);
    expect(w.text()).toMatch(/sft-2\s+rank 8/);
    expect(w.text()).not.toContain('qwen-sft');
    // The tune of that name was trained anew: it becomes the next version.
    await w.press('enter');
    await w.rest();
    expect(w.text()).toMatch(/└ sft-1\s+LoRA\s+v2\/2/);
    await w.press('down', 'b');
    await w.rest();
    expect(w.text()).toMatch(/└ sft-1\s+LoRA\s+v1\/2/);
    await w.press('b');
    expect(w.text()).toContain('it has no older version');
    await w.press('B');
    await w.rest();
    expect(w.text()).toContain('sft-1 means version 2 now');
    await w.press('u', 'y');
    await w.rest();
    expect(w.text()).not.toContain('└ sft-1');
  });

  it('an adapter that does nothing is said to do nothing', async () => {
    const job = server();
    const w = await open({ ...wide, jobs: [job] });
    const effect = {
      state: 'nothing',
      largest: 0,
      noise: 0,
      tokens: 24,
      why: '',
      checkedAt: '2026-11-23T06:17:00.000Z',
    } as const;
    w.deploy.riding.set(job.spec.id, [deployedAdapter('sft-1', 1, { effect })]);
    w.stores.deploy.getState().refresh();
    await w.rest();
    expect(w.text()).toMatch(/└ sft-1\s+LoRA\s+v1 ! does nothing/);
    const works = { ...effect, state: 'works', largest: 1.25 } as const;
    w.deploy.riding.set(job.spec.id, [deployedAdapter('sft-1', 1, { effect: works })]);
    w.stores.deploy.getState().refresh();
    await w.press('down');
    expect(w.text()).toMatch(/└ sft-1\s+LoRA\s+v1 ✓/);
    expect(w.text()).toContain('log-probabilities by up to 1.25');
  });

  it('streams one answer with its speed, and counts it for the adapter that gave it', async () => {
    const job = server();
    const w = await open({ ...wide, jobs: [job] });
    await w.press('down', 'c');
    expect(w.text()).toContain('Ask sft-1');
    await w.press('enter');
    const [chat] = w.deploy.chats;
    expect(chat?.target).toMatchObject({ kind: 'own', model: 'sft-1' });
    chat?.onText('Hello');
    await w.rest();
    expect(w.text()).toContain('Hello');
    chat?.onText(' there.');
    chat?.end.resolve(chatResult('Hello there.'));
    await w.rest();
    expect(w.text()).toContain('Hello there.');
    expect(w.text()).toContain('27.8 tok/s');
    w.telemetry.workers.at(-1)?.say(telling([sampleOf(job.spec.id)]));
    await w.rest();
    expect(w.text()).toMatch(/sft-1 · 1 requests · 27\.8 tok\/s · first 120 ms/);
  });

  it('a server of somebody else is asked and read, and neither stopped nor changed', async () => {
    const w = await open({ ...wide, endpoints: [box] });
    const facts = {
      engine: 'ollama',
      version: '0.5.1',
      models: [{ id: 'qwen', contextTokens: 8192, parent: null }],
      loaded: [{ id: 'qwen', bytes: 2.1e9, gpuBytes: null }],
    };
    const foreign = { job: null, url: box.url, names: ['gpu-box'], engine: 'ollama', figures: null, processes: null };
    w.telemetry.workers.at(-1)?.say(telling([sampleOf(null, { ...foreign, state: 'silent', facts })]));
    await w.rest();
    expect(w.text()).toMatch(/gpu-box\s+ollama\s+answers/);
    expect(w.text()).toContain('qwen in memory: 2.1 GB');
    for (const key of ['x', 'l', 'u']) {
      await w.press(key);
      expect(w.text()).toContain('it is not ours');
    }
    await w.press('C');
    expect(w.copied).toEqual(['curl gpu-box']);
  });

  it('goes on looking more slowly when it is left, and only while there is something to see', async () => {
    const w = await open({ ...wide, jobs: [server()] });
    await w.press('1');
    expect(w.telemetry.workers.at(-1)?.asked.at(-1)).toMatchObject({ all: true, everyMs: 5000 });
    w.dispose();
    const none = await open(wide);
    await none.press('1');
    expect(none.telemetry.workers.at(-1)?.stopped).toBe(true);
  });

  it('runs a load test as a job, shows its levels as they come, and the knee against the test before', async () => {
    const job = server();
    const w = await open({ ...wide, jobs: [job] });
    await w.press('t');
    expect(w.text()).toContain('1,2,4,8');
    await w.press('enter');
    await w.rest();
    expect(w.jobs.launched).toMatchObject([
      { kind: 'load-test', test: { target: { name: `${BASE}@llama` }, concurrency: [1, 2, 4, 8], maxTokens: 64 } },
    ]);
    await w.press('t');
    expect(w.text()).toContain('a load test is running');
    const level = (concurrency: number, tokensPerSecond: number) => ({
      concurrency,
      requests: 8,
      errors: 0,
      firstError: null,
      seconds: 4,
      requestsPerSecond: 2,
      tokensPerSecond,
      promptTokens: 900,
      answerTokens: 400,
      estimated: false,
      firstTokenMs: { p50: 120, p95: 340 },
      gapMs: { p50: 21, p95: 40 },
    });
    const test: LoadTestResult = {
      version: 1,
      id: '20261123-061530-load-test-00b2',
      startedAt: '2026-11-23T06:15:30.000Z',
      test: { target: { kind: 'name', name: `${BASE}@llama` }, ...LOAD_TEST_USUAL, concurrency: [1, 2, 4] },
      url: URL,
      model: BASE,
      engine: 'llama',
      state: 'done',
      levels: [level(1, 80), level(2, 150), level(4, 155)],
      knee: { concurrency: 2, rising: false },
    };
    const before = { ...test, id: '20261123-051530-load-test-00a1', levels: [level(1, 40), level(2, 100)] };
    w.deploy.tests.push(test, before);
    w.stores.deploy.getState().refresh();
    await w.rest();
    expect(w.text()).toMatch(/★ 2\s+150\s+2\.00\s+120\/340\s+21\/40\s+0/);
    expect(w.text()).toContain('★ the knee: more than 2 at a time');
    expect(w.text()).toContain('against 00a1: 1: 2.00 × · 2: 1.50 ×');
    expect(frameFaults(w.rows(), 120, 40)).toEqual([]);
    await w.press('X');
    expect(w.jobs.all().find(({ spec }) => spec.work.kind === 'load-test')?.state).toBe('stopped');
  });

  it('fills in what only vLLM is told, with the command that says the same', async () => {
    const w = await open({ ...wide, jobs: [server()] });
    w.deploy.port.hasVllm = () => true;
    await w.press('n');
    await w.rest();
    w.stores.deploy.getState().configure({ engine: 'vllm' });
    await w.rest();
    expect(w.text()).toContain('Number format');
    const at = (id: string) =>
      [
        'model',
        'adapters',
        'engine',
        'context',
        'dtype',
        'quantization',
        'tensorParallel',
        'pipelineParallel',
        'dataParallel',
        'gpuMemoryUtilization',
        'maxNumSeqs',
        'loraSlots',
        'maxLoraRank',
        'drainSeconds',
        'ray',
        'sleepMode',
        'flags',
        'swap',
      ].indexOf(id);
    const go = async (id: string, ...keys: string[]) => {
      await w.press('home', ...Array.from({ length: at(id) }, () => 'down'), 'enter', ...keys);
      await w.rest();
    };
    await go('tensorParallel', '2', 'enter');
    await go('dtype', 'down', 'down', 'enter');
    await go('gpuMemoryUtilization', '2', 'enter');
    expect(w.text()).toContain('is no number above 0 and up to 1');
    await go('sleepMode');
    await go('swap', 'down', 'enter');
    w.stores.deploy
      .getState()
      .configure({ vllm: { ...w.stores.deploy.getState().form.vllm, flags: [{ name: 'seed', value: '3' }] } });
    await w.rest();
    const id = w.jobs.all()[0]?.spec.id ?? '';
    expect(w.stores.deploy.getState().form).toMatchObject({
      vllm: { tensorParallel: 2, dtype: 'float32', sleepMode: true, flags: [{ name: 'seed', value: '3' }] },
      swap: id,
    });
    const text = w.text().replace(/[\s│]+/g, ' ');
    expect(w.stores.deploy.getState().plan?.command).toContain('vllm');
    expect(text).toContain('--tensor-parallel 2');
    expect(text).toContain('is stopped first');
    await w.press('s');
    expect(w.text()).toContain('is stopped first');
    await w.press('y');
    expect(w.deploy.started).toMatchObject([{ engine: 'vllm', swap: id, vllm: { tensorParallel: 2 } }]);
  });

  it('runs on a host that has vLLM: chosen with what each lacks, its forecast, command and start follow', async () => {
    const vllm = { name: 'vllm', python: '/p', device: 'cuda', versions: { vllm: '0.32.0' }, lock: '' } as const;
    const gpu = { name: 'A100', memoryMb: 81_920, driver: '1' };
    const hosts = [
      hostCalled('gpu', { facts: factsOfHost({ gpus: [gpu, gpu] }), installed: [vllm] }),
      hostCalled('bare'),
      hostCalled('new', { facts: null }),
      hostCalled('closed', { installed: [vllm], drainedAt: '2026-11-23T06:00:00.000Z' }),
    ];
    const w = await open({ ...wide, hosts });
    const plain = w.deploy.port.plan;
    w.deploy.port.plan = async (request, signal) => {
      const host = { name: 'gpu', checkedAt: '2026-11-23T06:00:00.000Z', totalBytes: 80e9, vllm: '0.32.0' };
      const wanted = request.vllm?.tensorParallel ?? 1;
      const there = {
        host,
        command: '/far/python -m vllm',
        device: 'gpu' as const,
        freeBytes: null,
        gpus: { wanted, here: 2 },
      };
      return { ...(await plain(request, signal)), ...(request.launcher === undefined ? {} : there) };
    };
    await w.press('n');
    await w.rest();
    expect(w.text()).toMatch(/Runs on +this machine/);
    await w.press('home', 'down', 'down');
    expect(w.text().replace(/[\s│┃]+/g, ' ')).toContain('This machine, or a host of');
    await w.press('enter');
    expect(w.text()).toMatch(/gpu +0\.32\.0 · 2 × A100/);
    expect(w.text()).toContain('ragtui hosts prepare bare --engine vllm');
    expect(w.text()).toContain('ragtui hosts check new');
    expect(w.text()).toContain('drained: ragtui hosts undrain closed');
    await w.press('down', 'enter');
    await w.rest();
    const said = () => w.text().replace(/[\s│┃]+/g, ' ');
    expect(said()).toContain(`$ ragtui deploy start ${BASE} --launcher ssh:gpu`);
    expect(said()).toMatch(/needs at least 600 MB of a GPU; one of gpu has 80\.0 GB in all \(looked/);
    expect(said()).toContain('takes 1 of the 2 GPUs of gpu');
    // Only vLLM goes elsewhere.
    await w.press('down', 'enter');
    expect(w.text()).toMatch(/embedded server +serves on this machine alone/);
    await w.press('esc');
    w.stores.deploy.getState().configure({ vllm: { tensorParallel: 4 } });
    await w.rest();
    await w.press('s');
    expect(w.text()).toContain('wants 4 GPUs; gpu has 2');
    w.stores.deploy.getState().configure({ vllm: { tensorParallel: 2 } });
    await w.rest();
    await w.press('s');
    expect(said()).toContain(`Serves ${BASE} on vLLM (gpu)`);
    await w.press('y');
    expect(w.deploy.started).toEqual([{ model: BASE, adapters: [], launcher: 'ssh:gpu', vllm: { tensorParallel: 2 } }]);
    // Back here: what only vLLM is told goes.
    await w.press('n');
    await w.rest();
    await w.press('home', 'down', 'down', 'enter', 'home', 'enter');
    await w.rest();
    expect(w.stores.deploy.getState().form).toMatchObject({ launcher: null, vllm: {} });
  });

  it('a host whose vLLM is gone takes no server, and says what makes one', async () => {
    const w = await open({ ...wide, hosts: [hostCalled('gpu')] });
    await w.press('n');
    w.stores.deploy.getState().configure({ launcher: 'ssh:gpu' });
    await w.rest();
    await w.press('s');
    expect(w.text()).toContain('vLLM is not there: ragtui hosts prepare gpu --engine vllm');
    expect(w.deploy.started).toEqual([]);
  });

  it('does not ask where no other host is known', async () => {
    const w = await open(wide);
    await w.press('n');
    expect(w.text()).not.toContain('Runs on');
  });

  it('makes room for a training: what it costs first, then it sleeps, and is woken', async () => {
    const job = server();
    const w = await open({ ...wide, jobs: [job] });
    await w.press('w');
    expect(w.text()).toContain('it does not sleep');
    await w.press('m');
    await w.rest();
    expect(w.text()).toContain('holds 20.0 GB of a GPU');
    expect(w.text()).toContain('w wakes it in seconds');
    await w.press('enter');
    await w.rest();
    expect(w.text()).toMatch(/embedded\s+asleep/);
    for (const [key, why] of [
      ['m', 'it sleeps'],
      ['c', 'it does not answer'],
    ] as const) {
      await w.press(key);
      expect(w.text()).toContain(why);
    }
    await w.press('w');
    await w.rest();
    expect(w.text()).toMatch(/embedded\s+running/);
    w.deploy.sleeps.can = false;
    await w.press('m');
    await w.rest();
    expect(w.text()).toContain('its last start took 2m 02s');
  });

  it('takes no hosted service for a server to load', async () => {
    const w = await open({ ...wide, endpoints: [{ ...box, name: 'cloud', preset: 'openai' }] });
    await w.press('t');
    expect(w.text()).toContain('a hosted service is not ours to load');
  });

  it('puts a tune beside its base on one engine, with the questions its training did not see', async () => {
    const tune = { ...adapterOf('sft-1', BASE), lineage: { dataset: 'cmrc', split: 'context/train' } };
    const datasets = [manifest('cmrc', { splits: [contextSplit()] })];
    const w = await open({ ...wide, jobs: [server()], adapters: [tune], datasets });
    await w.press('down', 'a');
    await w.rest();
    expect(w.ui.getState().screen).toBe('compare');
    const { slots, rows, lower } = w.stores.compare.getState();
    expect(slots.map(({ settings }) => [settings.llm, settings.prompt, settings.context])).toEqual([
      [`${BASE}@vllm`, 'sft', 'gold'],
      ['sft-1@vllm', 'sft', 'gold'],
    ]);
    expect([lower, rows?.dataset, rows?.part]).toEqual(['rows', 'cmrc', 'context/test']);
    expect(rows?.list.map(({ number }) => number)).toEqual([3, 1]);
  });

  it('who went elsewhere while it was being served is told, not taken away', async () => {
    const w = await open({ ...wide, jobs: [server()], datasets: [] });
    const served = deferred<{ base: string; engine: 'vllm' }>();
    w.deploy.port.beside = () => served.promise;
    await w.press('down', 'a', '1');
    served.resolve({ base: BASE, engine: 'vllm' });
    await w.rest();
    expect(w.ui.getState().screen).toBe('home');
    expect(w.text()).toContain('screen 7 compares them');
  });

  it('shows GPUs with what runs on them and which job it is; what is missing stays missing', async () => {
    const job = server();
    const w = await open({ ...wide, jobs: [job] });
    const gpu = { index: 0, uuid: 'GPU-1', name: 'NVIDIA A100', busy: 0.87, memoryUsed: 60e9, memoryTotal: 80e9 };
    const mig = { index: 1, uuid: 'GPU-2', name: 'NVIDIA H100 MIG', busy: null, memoryUsed: null, memoryTotal: null };
    const silent = { temperature: null, power: null, powerLimit: null };
    const gpus = {
      state: 'ok' as const,
      gpus: [
        { ...gpu, temperature: 64, power: 287.3, powerLimit: 400 },
        { ...mig, ...silent },
      ],
      processes: [
        { pid: 4802, gpu: 'GPU-1', memory: 40e9, owner: 4711 },
        { pid: 900, gpu: 'GPU-1', memory: null },
      ],
    };
    w.telemetry.workers.at(-1)?.say(telling([sampleOf(job.spec.id)], { gpus }));
    await w.rest();
    expect(w.text()).toContain('GPU 0 NVIDIA A100  64 °C  287/400 W');
    expect(w.text()).toMatch(/busy\s+\S+\s*▕ 87%/);
    expect(w.text()).toContain(`${job.spec.name} · 40.0 GB · pid 4802`);
    expect(w.text()).toContain('no job of ours · – · pid 900');
    expect(w.text()).toMatch(/GPU 1 NVIDIA H100 MIG {2}– °C {2}– W/);
    expect(w.text()).toMatch(/busy\s+–/);
    const reason = 'Failed to initialize NVML: Driver/library version mismatch';
    w.telemetry.workers.at(-1)?.say(telling([], { gpus: { state: 'failed', reason } }));
    await w.rest();
    await w.press('tab', 'tab', 'z');
    expect(w.text()).toContain(reason);
  });

  it('counts what Ask was answered for the adapter on the server that gave it', async () => {
    const job = server();
    const w = await open({ ...wide, jobs: [job] });
    const { ask, deploy } = w.stores;
    const answer = answerOf({});
    ask.setState({ answer: { ...answer, pipeline: { ...answer.pipeline, llm: 'sft-1@llama' } } });
    // Opened from the history: nobody asked.
    expect(deploy.getState().tally.of(job.spec.id, 'sft-1')).toBeNull();
    const running: Running = {
      question: 'How hot?',
      phase: 'answering',
      status: '',
      startedAt: 0,
      search: null,
      messages: [],
      promptTokens: null,
      cut: '',
      buffer: createStreamBuffer(),
      version: 0,
    };
    ask.setState({ running });
    ask.setState({ running: null, answer: { ...answer, pipeline: { ...answer.pipeline, llm: 'sft-1@llama' } } });
    expect(deploy.getState().tally.of(job.spec.id, 'sft-1')).toEqual({
      count: 1,
      failed: 0,
      tokens: 134,
      rate: 31.2,
      firstTokenMs: 120,
    });
  });
});
