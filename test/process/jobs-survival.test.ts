// A training goes on, and its numbers are whole, whatever happens to the program that started it. The engine is
// scripted: it waits in the middle until it is let go on, so that the blow always falls during training.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stopEverything } from '../../src/cli/demo/stop.ts';
import { stopJob, waitForJob } from '../../src/jobs/control.ts';
import { parseEvent } from '../../src/jobs/events.ts';
import { jobFiles } from '../../src/jobs/folder.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { tunedFolder } from '../../src/training/tuned.ts';
import { FAKE_BASE, fakeTraining } from '../support/fake-training.ts';
import { type App, launch } from '../support/pty.ts';

const PROGRAM = path.join(packageRoot(), 'bin', 'ragtui.js');
const TRAIN = ['train', 'llm', '--dataset', 'questions', '--split', 'all', '--base', FAKE_BASE, '--preset', 'cpu'];

let home: string;
let paths: WorkspacePaths;
/** What the programs get over ours. */
let env: Record<string, string>;
const apps: App[] = [];

beforeEach(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-survive-'));
  paths = workspacePaths(home, {});
  env = {
    RAGTUI_HOME: home,
    RAGTUI_CONFIG_HOME: path.join(home, 'config'),
    RAGTUI_DEVICES: path.join(home, 'devices'),
    RAGTUI_MODELS_CACHE: paths.models,
    RAGTUI_ENGINES_CACHE: paths.engines,
    FAKE_ENGINE: 'gate',
  };
  await fakeTraining(paths);
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.dispose();
  for (const job of listJobs(paths)) {
    if (!isOver(job.state)) await stopJob(paths, job.spec.id, { grace: { ask: 0.1, terminate: 0.1 } });
  }
  await stopEverything(paths);
  rmSync(home, { recursive: true, force: true });
});

/** The training under way, once its engine waits in the middle: three of six steps are told. */
async function untilHalfway(): Promise<JobView> {
  const now = () => listJobs(paths).find(({ state }) => !isOver(state));
  expect(await waitUntil(() => now()?.progress?.done === 3, 60_000)).toBe(true);
  const job = now();
  if (!job) throw new Error('no job');
  expect(job.state).toBe('running');
  return job;
}

/** Lets the engine go on; its job must succeed with every step told once. */
async function expectWhole(job: JobView, name: string): Promise<void> {
  expect(readJob(paths, job.spec.id)).toMatchObject({ state: 'running', pid: job.pid });
  writeFileSync(path.join(tunedFolder(paths, name).train, 'go'), '');
  const end = await waitForJob(paths, job.spec.id);
  expect([end.state, end.error]).toEqual(['succeeded', null]);
  const events = readFileSync(jobFiles(job.folder).events, 'utf8')
    .split('\n')
    .flatMap((line) => parseEvent(line) ?? []);
  const steps = (metric: string) =>
    events.flatMap((event) => (event.type === 'metric' && event.name === metric ? [event.step] : []));
  expect(steps('loss')).toEqual([1, 2, 3, 4, 5, 6]);
  expect(steps('grad_norm')).toEqual([1, 2, 3, 4, 5, 6]);
  for (const writer of ['supervisor', 'worker']) {
    const numbers = events.filter((event) => event.writer === writer).map(({ seq }) => seq);
    expect(numbers).toEqual(numbers.map((_, index) => index));
  }
}

const gone = async (pid: number): Promise<void> => {
  expect(await waitUntil(() => processIdentity(pid) === undefined, 20_000)).toBe(true);
};

test('the screen is killed -9: the training it started goes on, and the next screen shows it', async () => {
  // A training that ended at once, to be done again from the screen.
  const failed = spawn(process.execPath, [PROGRAM, ...TRAIN, '--name', 'mine', '--wait'], {
    env: { ...process.env, ...env, FAKE_ENGINE: 'oom' },
    stdio: 'ignore',
  });
  await new Promise((resolve) => failed.on('exit', resolve));
  const app = launch({ home, env, columns: 120, rows: 40 });
  apps.push(app);
  await app.waitIdle();
  app.press('esc', '5');
  await app.waitFor('failed');
  app.press('a');
  const job = await untilHalfway();
  expect(job.spec.work).toMatchObject({ name: 'mine-2' });
  app.kill('SIGKILL');
  await app.exit;
  const next = launch({ home, env, columns: 120, rows: 40 });
  apps.push(next);
  await next.waitIdle();
  next.press('esc', '5');
  await next.waitFor('3/6 steps');
  await expectWhole(job, 'mine-2');
  await next.waitFor('done');
});

/** A terminal window: holds the other end of the pseudo-terminal that a program runs in. Prints the program's pid. */
const WINDOW = `
  const { spawn } = require('@lydell/node-pty');
  const terminal = spawn(process.execPath, JSON.parse(process.argv[1]), { env: process.env });
  terminal.onData(() => {});
  process.stdout.write('<' + terminal.pid + '>');
`;

test('the terminal is closed: the training that was started in it goes on', async () => {
  const args = JSON.stringify([PROGRAM, ...TRAIN, '--name', 'mine', '--wait']);
  const window = spawn(process.execPath, ['-e', WINDOW, args], {
    env: { ...process.env, ...env },
    cwd: packageRoot(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = await new Promise<number>((resolve) => {
    window.stdout.on('data', (data: Buffer) => resolve(Number(/<(\d+)>/.exec(data.toString())?.[1])));
  });
  const job = await untilHalfway();
  expect(processIdentity(pid)).toBeDefined();
  // Its end of the pseudo-terminal is closed by the kernel, which then hangs up on the session inside.
  window.kill('SIGKILL');
  await gone(pid);
  await expectWhole(job, 'mine');
});

test('an SSH session is dropped: its shell and all of its group get SIGHUP, then KILL', async () => {
  const command = [process.execPath, PROGRAM, ...TRAIN, '--name', 'mine', '--wait']
    .map((word) => `'${word}'`)
    .join(' ');
  // `setsid`-like: a session of its own, as sshd makes for a login; the shell stays as the leader.
  const login = spawn('/bin/sh', ['-c', `${command}; true`], {
    env: { ...process.env, ...env },
    detached: true,
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => login.on('exit', resolve));
  const job = await untilHalfway();
  const leader = login.pid ?? 0;
  process.kill(-leader, 'SIGHUP');
  process.kill(-leader, 'SIGKILL');
  await ended;
  await gone(leader);
  await expectWhole(job, 'mine');
});
