import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { EngineDevice } from '../../src/engines/types.ts';
import { startNow, stopJob } from '../../src/jobs/control.ts';
import { parseEvent } from '../../src/jobs/events.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { deleteJob, listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobState, type JobView } from '../../src/jobs/types.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { jobPrograms } from '../support/jobs-programs.ts';

let programs: string;
let home: string;
let paths: WorkspacePaths;
let before: NodeJS.ProcessEnv;

beforeAll(async () => {
  programs = await jobPrograms();
});
afterAll(() => rmSync(programs, { recursive: true, force: true }));
beforeEach(() => {
  before = { ...process.env };
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui queue '));
  paths = workspacePaths(home, {});
  process.env['RAGTUI_DEVICES'] = path.join(home, 'devices');
  process.env['RAGTUI_GPUS'] = '0,1';
});
afterEach(async () => {
  for (const job of listJobs(paths))
    if (!isOver(job.state)) await stopJob(paths, job.spec.id, { grace: { ask: 5, terminate: 0.1 } });
  process.env = before;
  rmSync(home, { recursive: true, force: true });
});

function engineFor(device: EngineDevice): void {
  const folder = path.join(paths.engines, 'llamafactory');
  mkdirSync(folder, { recursive: true });
  const manifest = { version: 1, name: 'llamafactory', device, python: process.execPath, managed: false, lock: '' };
  const text = JSON.stringify({ ...manifest, installedAt: new Date().toISOString(), versions: {} });
  writeFileSync(path.join(folder, 'engine.json'), text);
}

function launch(name: string, gpus?: number): Promise<JobView> {
  const training = { dataset: 'd', split: 'all', base: 'b', name, preset: 'cpu', settings: {}, seed: 1 } as const;
  const work = { kind: 'train-llm', ...training, ...(gpus === undefined ? {} : { gpus }) } as const;
  return launchJob(paths, work, { supervisor: path.join(programs, 'jobs-supervisor.mjs') });
}

async function until(condition: () => boolean): Promise<void> {
  expect(await waitUntil(condition, 20_000)).toBe(true);
}
const stateOf = (job: JobView) => readJob(paths, job.spec.id).state;
const untilState = (job: JobView, state: JobState) => until(() => stateOf(job) === state);
const go = (job: JobView) => writeFileSync(path.join(job.folder, 'go'), '');
const seenSchema = z.object({ gpus: z.array(z.number()), visible: z.string().nullable(), engine: z.number() });

/** What the worker was given; waits until it has said so. */
async function seenBy(job: JobView): Promise<z.output<typeof seenSchema>> {
  const read = () => readJsonFile(path.join(job.folder, 'seen'), seenSchema);
  await until(() => read() !== undefined);
  return seenSchema.parse(read());
}
const kill9 = (file: string) => process.kill(readJsonFile(file, identityFileSchema)?.pid ?? 0, 'SIGKILL');
const statesOf = (job: JobView) =>
  readFileSync(jobFiles(job.folder).events, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const event = parseEvent(line);
      return event?.type === 'state' ? event.state : [];
    });

describe('trainings on GPUs', () => {
  beforeEach(() => engineFor('cuda'));

  test('have one each; a third waits, says for whom, and starts by itself', async () => {
    const first = await launch('first');
    const second = await launch('second');
    expect(await seenBy(first)).toMatchObject({ gpus: [0], visible: '0' });
    expect(await seenBy(second)).toMatchObject({ gpus: [1], visible: '1' });
    expect(readJob(paths, second.spec.id)).toMatchObject({ state: 'running', gpus: [1] });

    const third = await launch('third');
    await until(() => readJob(paths, third.spec.id).reason.includes('waits'));
    const waiting = readJob(paths, third.spec.id);
    expect(waiting).toMatchObject({ state: 'queued', startedAt: null, pid: null });
    expect(waiting.reason).toContain(`GPU 0 held by job ${first.spec.id} (train first)`);
    go(second);
    expect(await seenBy(third)).toMatchObject({ gpus: [1], visible: '1' });
    go(first);
    go(third);
    await untilState(third, 'succeeded');
    await until(() => statesOf(third).includes('succeeded'));
    // 'queued' once for looking, once with the reason.
    expect(statesOf(third)).toEqual(['queued', 'queued', 'starting', 'running', 'succeeded']);
    await untilState(first, 'succeeded');
    await until(() => readdirSync(path.join(home, 'devices', 'claims')).length === 0);
  });

  test('are served in the order they came, and can be stopped while they wait', async () => {
    const holder = await launch('holder');
    await seenBy(holder);
    const both = await launch('both', 2);
    await until(() => readJob(paths, both.spec.id).reason.includes('waits for 2 GPUs, 1 free'));
    const later = await launch('later');
    await until(() => readJob(paths, later.spec.id).reason.includes(`job ${both.spec.id} (train both) came before it`));
    expect(await stopJob(paths, both.spec.id)).toMatchObject({
      state: 'stopped',
      reason: 'asked to stop while it waited',
      startedAt: null,
    });
    expect(existsSync(jobFiles(both.folder).worker)).toBe(false);
    expect(await seenBy(later)).toMatchObject({ gpus: [1] });
  });

  test('keep their GPU after kill -9 of both keepers as long as the engine uses it', async () => {
    process.env['RAGTUI_GPUS'] = '0';
    const first = await launch('first');
    const { engine } = await seenBy(first);
    const second = await launch('second');
    await until(() => readJob(paths, second.spec.id).reason.includes('waits for GPU 0: held by job'));
    kill9(jobFiles(first.folder).supervisor);
    kill9(jobFiles(first.folder).worker);
    await untilState(first, 'lost');
    // Asked anew after the death of both: a third finds the second waiting, not a free GPU.
    const third = await launch('third');
    await until(() => readJob(paths, third.spec.id).reason.includes('came before it'));
    expect(processIdentity(engine)).toBeDefined();
    expect(stateOf(second)).toBe('queued');
    const left = readJob(paths, first.spec.id);
    expect(left).toMatchObject({ state: 'lost', orphans: [engine], reason: expect.stringContaining('goes on') });
    expect(() => deleteJob(paths, first.spec.id)).toThrow('is running');
    // Stopping a lost job ends what is left of it.
    expect(await stopJob(paths, first.spec.id)).toMatchObject({ state: 'lost', orphans: [] });
    expect(processIdentity(engine)).toBeUndefined();
    expect(await seenBy(second)).toMatchObject({ gpus: [0] });
  });

  test('a waiting one whose supervisor was killed is lost and in nobody’s way', async () => {
    process.env['RAGTUI_GPUS'] = '0';
    const first = await launch('first');
    await seenBy(first);
    const second = await launch('second');
    await until(() => readJob(paths, second.spec.id).reason.includes('waits for GPU 0'));
    kill9(jobFiles(second.folder).supervisor);
    await untilState(second, 'lost');
    const third = await launch('third');
    await until(() => readJob(paths, third.spec.id).reason.includes(`held by job ${first.spec.id}`));
    go(first);
    expect(await seenBy(third)).toMatchObject({ gpus: [0] });
  });

  test('that want more than there are have failed, with what to do', async () => {
    const job = await launch('greedy', 3);
    await untilState(job, 'failed');
    expect(readJob(paths, job.spec.id).error).toMatchObject({
      code: 'unavailable',
      message: 'It wants 3 GPUs; this machine shows GPU 0, GPU 1.',
      hint: expect.stringContaining('RAGTUI_GPUS'),
    });
  });
});

describe('trainings on a CPU', () => {
  beforeEach(() => engineFor('cpu'));

  test('run one at a time; one may be started all the same', async () => {
    const first = await launch('first');
    expect(await seenBy(first)).toMatchObject({ gpus: [], visible: process.env['CUDA_VISIBLE_DEVICES'] ?? null });
    expect(() => startNow(paths, first.spec.id)).toThrow('does not wait');
    const second = await launch('second');
    await until(() =>
      readJob(paths, second.spec.id).reason.includes(`waits for the CPU: held by job ${first.spec.id} (train first)`),
    );
    startNow(paths, second.spec.id);
    await seenBy(second);
    expect(stateOf(first)).toBe('running');
    // Both have it now: the next one waits for both.
    const third = await launch('third');
    go(first);
    await untilState(first, 'succeeded');
    await until(() => readJob(paths, third.spec.id).reason.includes(`held by job ${second.spec.id}`));
    go(second);
    await seenBy(third);
  });
});
