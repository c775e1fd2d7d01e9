import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventWriter, foldEvent, parseEvent, readLastEvents, tailEvents } from '../../../src/jobs/events.ts';
import { type JobEvent, type JobView, jobSpecSchema } from '../../../src/jobs/types.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-events-'));
  file = path.join(folder, 'events.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const texts = (events: readonly JobEvent[]) => events.map((event) => (event.type === 'log' ? event.text : event.type));

/** Tails until `count` events came; returns them and the offset to go on from. */
async function tail(count: number, from: number | 'end' = 0): Promise<{ events: JobEvent[]; offset: number }> {
  const events: JobEvent[] = [];
  const controller = new AbortController();
  const offset = await tailEvents(folder, {
    from,
    signal: controller.signal,
    onEvent: (event) => {
      events.push(event);
      if (events.length === count) controller.abort();
    },
  });
  return { events, offset };
}

describe('writing', () => {
  test('numbers the events of each writer on its own, one line each', async () => {
    const [supervisor, worker] = [new EventWriter(folder, 'supervisor'), new EventWriter(folder, 'worker')];
    supervisor.append({ type: 'state', state: 'starting', reason: '' });
    worker.append({ type: 'log', level: 'info', text: '第一行\nzweite' });
    supervisor.append({ type: 'state', state: 'running', reason: '' });
    worker.append({ type: 'metric', name: 'loss', step: 1, value: 0.5 });
    const { events } = await tail(4);
    expect(events.map(({ writer, seq }) => `${writer}${seq}`)).toEqual([
      'supervisor0',
      'worker0',
      'supervisor1',
      'worker1',
    ]);
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(5);
  });

  test('closes a line that a dead writer left torn', async () => {
    const writer = new EventWriter(folder, 'worker');
    writer.append({ type: 'log', level: 'info', text: 'one' });
    appendFileSync(file, '{"seq":7,"type":"lo');
    writer.append({ type: 'log', level: 'info', text: 'two' });
    expect(texts((await tail(2)).events)).toEqual(['one', 'two']);
  });
});

describe('tailing', () => {
  test('goes on where it stopped, to the byte', async () => {
    const writer = new EventWriter(folder, 'worker');
    for (const text of ['a', 'ü', '漢字', 'd']) writer.append({ type: 'log', level: 'info', text });
    const first = await tail(2);
    expect(texts(first.events)).toEqual(['a', 'ü']);
    expect(texts((await tail(2, first.offset)).events)).toEqual(['漢字', 'd']);
  });

  test('waits for the end of a line that is being written', async () => {
    const line = JSON.stringify({
      seq: 0,
      time: '2026-11-23T06:00:00.000Z',
      writer: 'worker',
      type: 'log',
      level: 'info',
      text: 'whole',
    });
    writeFileSync(file, line.slice(0, 40));
    const tailing = tail(1);
    appendFileSync(file, `${line.slice(40)}\n`);
    expect(texts((await tailing).events)).toEqual(['whole']);
  });

  test('skips lines of a later version and rubbish', async () => {
    writeFileSync(file, 'rubbish\n{"seq":0,"time":"2026-11-23T06:00:00.000Z","writer":"worker","type":"hologram"}\n\n');
    new EventWriter(folder, 'worker').append({ type: 'log', level: 'warn', text: 'known' });
    expect(texts((await tail(1)).events)).toEqual(['known']);
  });

  test('from the end tells only what comes from now on', async () => {
    const writer = new EventWriter(folder, 'worker');
    writer.append({ type: 'log', level: 'info', text: 'old' });
    const tailing = tail(1, 'end');
    const timer = setInterval(() => writer.append({ type: 'log', level: 'info', text: 'new' }), 5);
    expect(texts((await tailing).events)).toEqual(['new']);
    clearInterval(timer);
  });

  test('ends at once when its signal is aborted already', async () => {
    new EventWriter(folder, 'worker').append({ type: 'log', level: 'info', text: 'never' });
    const events: JobEvent[] = [];
    const offset = await tailEvents(folder, { signal: AbortSignal.abort(), onEvent: (event) => events.push(event) });
    expect([offset, events]).toEqual([0, []]);
  });
});

test('the last events of a long log are whole lines, without reading the rest', async () => {
  const writer = new EventWriter(folder, 'worker');
  for (let index = 0; index < 2000; index += 1) writer.append({ type: 'log', level: 'info', text: `line ${index}` });
  const { events, offset } = await readLastEvents(folder, 4096);
  const size = readFileSync(file).length;
  expect(texts(events).at(-1)).toBe('line 1999');
  expect(events.length).toBeGreaterThan(20);
  expect(events.length).toBeLessThan(4096 / 80);
  expect(offset).toBe(size);
});

test('a line that is no event is no event', () => {
  expect(parseEvent('{"seq":-1}')).toBeUndefined();
  expect(parseEvent('nul')).toBeUndefined();
});

test('a view follows its events', () => {
  const start: JobView = {
    spec: jobSpecSchema.parse({
      version: 1,
      id: '20261123-060000-pull-abcd',
      name: 'x',
      createdAt: '2026-11-23T06:00:00.000Z',
      work: { kind: 'pull', models: ['m'] },
    }),
    folder: '/nowhere',
    state: 'queued',
    reason: '',
    progress: null,
    error: null,
    startedAt: null,
    endedAt: null,
    pid: null,
    startedUptime: null,
    seconds: null,
    heartbeat: null,
    note: '',
    tags: [],
    orphans: [],
    gpus: [],
    endpoint: null,
  };
  const common = { seq: 0, writer: 'worker' } as const;
  const progress = { phase: 'p', done: 1, total: 2, unit: 'u', rate: null, secondsLeft: null, details: {} };
  const events: JobEvent[] = [
    { ...common, time: '2026-11-23T06:00:01.000Z', type: 'state', state: 'running', reason: '' },
    { ...common, time: '2026-11-23T06:00:02.000Z', type: 'progress', progress },
    { ...common, time: '2026-11-23T06:00:03.000Z', type: 'error', code: 'network', message: 'cut', hint: 'mend' },
    { ...common, time: '2026-11-23T06:00:04.000Z', type: 'state', state: 'failed', reason: 'cut' },
  ];
  expect(events.reduce(foldEvent, start)).toEqual({
    ...start,
    state: 'failed',
    reason: 'cut',
    progress,
    error: { code: 'network', message: 'cut', hint: 'mend' },
    startedAt: '2026-11-23T06:00:01.000Z',
    endedAt: '2026-11-23T06:00:04.000Z',
  });
});
