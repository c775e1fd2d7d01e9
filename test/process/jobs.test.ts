import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn as spawnPty } from '@lydell/node-pty';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { retryJob, type StopStep, stopJob, waitForJob } from '../../src/jobs/control.ts';
import { tailEvents } from '../../src/jobs/events.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { deleteJob, listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobEvent, type JobView } from '../../src/jobs/types.ts';
import { BEGIN_MARK } from '../../src/jobs/worker.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { jobPrograms } from '../support/jobs-programs.ts';

let programs: string;
let home: string;
let paths: WorkspacePaths;
const at = (name: string) => path.join(programs, `${name}.mjs`);

beforeAll(async () => {
  programs = await jobPrograms();
});
afterAll(() => rmSync(programs, { recursive: true, force: true }));

beforeEach(() => {
  // Blanks and quotes in paths must work.
  home = mkdtempSync(path.join(os.tmpdir(), "ragtui 'home "));
  paths = workspacePaths(home, {});
});
afterEach(async () => {
  for (const job of listJobs(paths))
    if (!isOver(job.state)) await stopJob(paths, job.spec.id, { grace: { ask: 1, terminate: 0.1 } });
  rmSync(home, { recursive: true, force: true });
});

const launch = (behaviour: string): Promise<JobView> =>
  launchJob(paths, { kind: 'pull', models: [behaviour] }, { supervisor: at('jobs-supervisor') });
const filesOf = (job: JobView) => jobFiles(job.folder);
const pidIn = (file: string) => readJsonFile(file, identityFileSchema)?.pid ?? 0;

async function until(condition: () => boolean): Promise<void> {
  expect(await waitUntil(condition, 20_000)).toBe(true);
}
async function untilState(job: JobView, state: JobView['state']): Promise<JobView> {
  await until(() => readJob(paths, job.spec.id).state === state);
  return readJob(paths, job.spec.id);
}
/** Running, and its worker has said its first word (so its own signal handlers are there). */
async function untilWorking(job: JobView): Promise<void> {
  await untilState(job, 'running');
  await until(() => existsSync(filesOf(job).progress));
}
function kill9(file: string): void {
  const pid = pidIn(file);
  process.kill(pid, 'SIGKILL');
}

async function eventsOf(job: JobView): Promise<JobEvent[]> {
  const events: JobEvent[] = [];
  const controller = new AbortController();
  await tailEvents(job.folder, {
    signal: controller.signal,
    onEvent: (event) => {
      events.push(event);
      if (event.type === 'state' && isOver(event.state)) controller.abort();
    },
  });
  return events;
}

describe('a job', () => {
  test('runs to its end; its folder is private and tells all of it', async () => {
    const job = await launch('succeed');
    const events = await eventsOf(job);
    const done = readJob(paths, job.spec.id);
    expect(done).toMatchObject({
      state: 'succeeded',
      reason: '',
      error: null,
      pid: null,
      progress: { done: 10, total: 10 },
    });
    expect(events.flatMap((event) => (event.type === 'state' ? event.state : []))).toEqual([
      'starting',
      'running',
      'succeeded',
    ]);
    expect(events.find((event) => event.type === 'artifact')).toMatchObject({ name: 'thing', writer: 'worker' });
    expect(statSync(job.folder).mode & 0o777).toBe(0o700);
    for (const file of [filesOf(job).spec, filesOf(job).events, filesOf(job).state])
      expect(statSync(file).mode & 0o777).toBe(0o600);
    deleteJob(paths, job.spec.id);
    expect(listJobs(paths)).toEqual([]);
  });

  test('whose supervisor dies before it wrote down who works is not begun by a worker nobody would find', async () => {
    const job = await launch('succeed');
    await waitForJob(paths, job.spec.id);
    const folder = path.join(home, 'alone');
    mkdirSync(folder);
    cpSync(filesOf(job).spec, jobFiles(folder).spec);
    const worker = spawn(process.execPath, [at('jobs-worker'), folder], {
      env: { ...process.env, [BEGIN_MARK]: '1' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    worker.disconnect();
    expect(await new Promise((resolve) => worker.once('exit', resolve))).toBe(1);
    expect(readdirSync(folder)).toEqual(['spec.json']);
  });

  test('whose supervisor is of a version that gives no word is begun by its worker all the same', async () => {
    const job = await launch('succeed');
    await waitForJob(paths, job.spec.id);
    const folder = path.join(home, 'alone');
    mkdirSync(folder);
    cpSync(filesOf(job).spec, jobFiles(folder).spec);
    const worker = spawn(process.execPath, [at('jobs-worker'), folder], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    expect(await new Promise((resolve) => worker.once('exit', resolve))).toBe(0);
  });

  test('that throws has failed with the error and its hint', async () => {
    const job = await launch('fail');
    expect(await waitForJob(paths, job.spec.id)).toMatchObject({
      state: 'failed',
      reason: 'The wire was cut.',
      error: { code: 'network', message: 'The wire was cut.', hint: 'Mend it.' },
    });
  });

  test('keeps no key that an error or a log line tells', async () => {
    const job = await launch('tell');
    expect((await untilState(job, 'failed')).error?.message).toContain('Bearer [secret]');
    for (const file of readdirSync(job.folder)) {
      expect(readFileSync(path.join(job.folder, file), 'utf8')).not.toContain('12345678');
    }
  });

  test('whose worker aborts or is killed has failed and says by which signal', async () => {
    const crashed = await waitForJob(paths, (await launch('crash')).spec.id);
    expect(crashed).toMatchObject({ state: 'failed', reason: expect.stringContaining('SIGABRT') });
    const job = await launch('gate');
    await untilWorking(job);
    kill9(filesOf(job).worker);
    expect(await untilState(job, 'failed')).toMatchObject({ reason: expect.stringContaining('SIGKILL') });
  });

  test('runs its worker at nice 10', async () => {
    const job = await launch('gate');
    await untilWorking(job);
    expect(os.getPriority(pidIn(filesOf(job).worker))).toBe(10);
  });

  test('launched twice at once is two jobs', async () => {
    const [one, two] = await Promise.all([launch('gate'), launch('gate')]);
    expect(one.spec.id).not.toBe(two.spec.id);
    for (const job of [one, two]) writeFileSync(path.join(job.folder, 'go'), '');
    for (const job of [one, two]) expect(await waitForJob(paths, job.spec.id)).toMatchObject({ state: 'succeeded' });
  });

  test('is refused when its supervisor cannot start', async () => {
    const program = path.join(home, 'broken.mjs');
    writeFileSync(program, 'throw new Error("no such luck")');
    const started = launchJob(paths, { kind: 'pull', models: ['x'] }, { supervisor: program });
    await expect(started).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('did not start'),
    });
  });
});

describe('stopping', () => {
  test('asks first: the worker ends by itself, and the job can be retried', async () => {
    const job = await launch('gate');
    await untilWorking(job);
    const steps: StopStep[] = [];
    const stopped = await stopJob(paths, job.spec.id, { onStep: (step) => steps.push(step) });
    expect(stopped).toMatchObject({ state: 'stopped', reason: 'asked to stop', error: null });
    expect(steps.map(({ step }) => step)).toEqual(['ask']);
    const again = await retryJob(paths, job.spec.id);
    expect(again.spec).toMatchObject({ work: job.spec.work, name: job.spec.name });
    await expect(async () => deleteJob(paths, again.spec.id)).rejects.toMatchObject({ code: 'busy' });
  });

  test('goes up to KILL for a worker that hears nothing, and takes its children along', async () => {
    const job = await launch('deaf');
    await until(() => existsSync(path.join(job.folder, 'child')));
    const child = Number(readFileSync(path.join(job.folder, 'child'), 'utf8'));
    const steps: StopStep[] = [];
    const stopped = await stopJob(paths, job.spec.id, {
      onStep: (step) => steps.push(step),
      grace: { ask: 0.2, terminate: 0.3, kill: 10 },
    });
    expect(steps).toEqual([
      { step: 'ask', graceSeconds: 0.2 },
      { step: 'terminate', graceSeconds: 0.3 },
      { step: 'kill', graceSeconds: 10 },
    ]);
    expect(stopped.state).toBe('stopped');
    await until(() => processIdentity(child) === undefined);
  });

  test('works through the stop file alone, and by TERM to the supervisor', async () => {
    const byFile = await launch('gate');
    await untilWorking(byFile);
    writeFileSync(filesOf(byFile).stop, '');
    expect(await untilState(byFile, 'stopped')).toMatchObject({ reason: 'asked to stop' });
    const bySignal = await launch('gate');
    await untilWorking(bySignal);
    process.kill(pidIn(filesOf(bySignal).supervisor), 'SIGTERM');
    expect(await untilState(bySignal, 'stopped')).toMatchObject({ reason: 'asked to stop' });
  });
});

describe('kill -9', () => {
  test('of the supervisor: the worker goes on, the view says so, and stop still works', async () => {
    const job = await launch('gate');
    await untilWorking(job);
    kill9(filesOf(job).supervisor);
    await until(() => readJob(paths, job.spec.id).reason !== '');
    expect(readJob(paths, job.spec.id)).toMatchObject({
      state: 'running',
      reason: expect.stringContaining('supervisor died'),
    });
    expect(await stopJob(paths, job.spec.id)).toMatchObject({ state: 'stopped', reason: 'asked to stop' });
  });

  test('of the supervisor: what the worker then ends with counts', async () => {
    const job = await launch('gate');
    await untilWorking(job);
    kill9(filesOf(job).supervisor);
    writeFileSync(path.join(job.folder, 'go'), '');
    expect(await untilState(job, 'succeeded')).toMatchObject({ endedAt: expect.any(String), error: null });
  });

  test('of both: the job is lost, and stop and delete are safe', async () => {
    const job = await launch('gate');
    await untilWorking(job);
    kill9(filesOf(job).supervisor);
    kill9(filesOf(job).worker);
    expect(await untilState(job, 'lost')).toMatchObject({
      pid: null,
      reason: expect.stringContaining('left no result'),
    });
    expect(await stopJob(paths, job.spec.id)).toMatchObject({ state: 'lost' });
    deleteJob(paths, job.spec.id);
  });

  test('of the launcher: the job goes on', async () => {
    const launcher = spawn(process.execPath, [at('jobs-launcher'), home, 'gate'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const job = readJob(paths, await printedId(launcher));
    launcher.kill('SIGKILL');
    await until(() => processIdentity(launcher.pid ?? 0) === undefined);
    await untilWorking(job);
    writeFileSync(path.join(job.folder, 'go'), '');
    expect(await untilState(job, 'succeeded')).toMatchObject({ error: null });
  });
});

test('the end of the terminal a job was launched from does not end the job', async () => {
  const terminal = spawnPty(process.execPath, [at('jobs-launcher'), home, 'gate'], { env: process.env });
  const id = await new Promise<string>((resolve) => {
    let text = '';
    terminal.onData((data) => {
      text += data;
      const found = /<([^>]+)>/.exec(text)?.[1];
      if (found) resolve(found);
    });
  });
  const job = readJob(paths, id);
  await untilWorking(job);
  const gone = new Promise((resolve) => terminal.onExit(resolve));
  terminal.kill('SIGHUP');
  await gone;
  expect(processIdentity(pidIn(filesOf(job).worker))).toBeDefined();
  writeFileSync(path.join(job.folder, 'go'), '');
  expect(await untilState(job, 'succeeded')).toMatchObject({ error: null });
});

test('a torn line in the events (a crash while writing) hides nothing after it', async () => {
  const job = await launch('gate');
  await untilWorking(job);
  appendFileSync(filesOf(job).events, '{"seq":99,"time":"2026-');
  writeFileSync(path.join(job.folder, 'go'), '');
  const events = await eventsOf(job);
  expect(events.at(-1)).toMatchObject({ type: 'state', state: 'succeeded' });
  expect(readFileSync(filesOf(job).events, 'utf8')).toContain('{"seq":99,"time":"2026-\n');
});

function printedId(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.on('data', (data: Buffer) => {
      text += data.toString();
      const found = /<([^>]+)>/.exec(text)?.[1];
      if (found) resolve(found);
    });
  });
}
