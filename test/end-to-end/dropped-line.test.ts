// A real SSH session to the real program is cut while a training runs: what is left on the far machine, and what a person
// finds who logs in again. The engine is scripted and waits in the middle, so that the blow falls during training.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { stopEverything } from '../../src/cli/demo/stop.ts';
import { stopJob, waitForJob } from '../../src/jobs/control.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { tunedFolder } from '../../src/training/tuned.ts';
import { FAKE_BASE, fakeTraining } from '../support/fake-training.ts';
import { ensureBuilt } from '../support/models.ts';
import { type App, launch } from '../support/pty.ts';
import { type SlowProxy, startSlowProxy } from '../support/slow-proxy.ts';
import { onPath, type SshServer, startSshd, whyNoSshd } from '../support/sshd.ts';

const PROGRAM = path.join(packageRoot(), 'bin', 'ragtui.js');
const missing = whyNoSshd();
const noTmux = missing ?? (onPath('tmux') ? undefined : 'no tmux here');
const test = (what: string, why: string | undefined, run: () => Promise<void>): void =>
  why ? it.skip(`${what} (not run: ${why})`, run) : it(what, run);

let server: SshServer;
let line: SlowProxy;
let home: string;
let paths: WorkspacePaths;
let env: Record<string, string>;
const apps: App[] = [];

beforeAll(async () => {
  if (missing) return;
  ensureBuilt();
  server = await startSshd();
  line = await startSlowProxy(server.port, 0);
});
afterAll(async () => {
  await line?.stop();
  await server?.stop();
});
beforeEach(async () => {
  if (missing) return;
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-dropped-'));
  paths = workspacePaths(home, {});
  env = {
    RAGTUI_HOME: home,
    RAGTUI_CONFIG_HOME: path.join(home, 'config'),
    RAGTUI_DEVICES: path.join(home, 'devices'),
    RAGTUI_MODELS_CACHE: paths.models,
    RAGTUI_ENGINES_CACHE: paths.engines,
    FAKE_ENGINE: 'gate',
    LANG: 'C.UTF-8',
  };
  await fakeTraining(paths);
});
afterEach(async () => {
  if (missing) return;
  for (const app of apps.splice(0)) await app.dispose();
  // A test that failed may have left its tmux with the program in it.
  if (existsSync(`${home}/tmux`)) spawnSync('tmux', ['-S', `${home}/tmux`, 'kill-server'], { stdio: 'ignore' });
  for (const job of listJobs(paths)) {
    if (!isOver(job.state)) await stopJob(paths, job.spec.id, { grace: { ask: 0.1, terminate: 0.1 } });
  }
  await stopEverything(paths);
  rmSync(home, { recursive: true, force: true });
});

/** Starts a training and waits until its engine waits in the middle. */
async function trainingHalfway(): Promise<JobView> {
  const words = ['train', 'llm', '--dataset', 'questions', '--split', 'all', '--base', FAKE_BASE];
  const start = spawn(process.execPath, [PROGRAM, ...words, '--preset', 'cpu', '--name', 'mine'], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  await new Promise((resolve) => start.on('exit', resolve));
  const now = (): JobView | undefined => listJobs(paths).find(({ state }) => !isOver(state));
  expect(await waitUntil(() => now()?.progress?.done === 3, 60_000)).toBe(true);
  const job = now();
  if (!job) throw new Error('no job');
  return job;
}

/** A person's terminal: ssh through the line, and `command` there in the workspace's environment. */
function logIn(command: string): App {
  const words = Object.entries(env).map(([name, value]) => `${name}='${value}'`);
  const app = launch({
    command: 'ssh',
    args: ['-F', server.configFor(line.port), '-tt', 'testhost', `env ${words.join(' ')} ${command}`],
    columns: 120,
    rows: 40,
  });
  apps.push(app);
  return app;
}

/** Processes of the session that `pid` leads or is in, by /proc. */
function sessionOf(pid: number): number[] {
  const field = (of: string | number, index: number): string | undefined => {
    try {
      const stat = readFileSync(`/proc/${of}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[index];
    } catch {
      return undefined;
    }
  };
  const session = field(pid, 3);
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.filter((each) => field(each, 3) === session && field(each, 0) !== 'Z').map(Number);
}

const pidFile = (): string => path.join(home, 'ui.pid');
const ui = (): string => `sh -c 'echo $$ > ${pidFile()}; exec ${process.execPath} ${PROGRAM}'`;

async function expectWhole(job: JobView): Promise<void> {
  expect(readJob(paths, job.spec.id)).toMatchObject({ state: 'running', pid: job.pid });
  writeFileSync(path.join(tunedFolder(paths, 'mine').train, 'go'), '');
  expect((await waitForJob(paths, job.spec.id)).state).toBe('succeeded');
}

test(
  'a dropped SSH session: the screen ends with all it started, the training goes on, and the next login shows it',
  missing,
  async () => {
    const job = await trainingHalfway();
    const first = logIn(ui());
    await first.waitFor('train mine');
    first.press('5');
    await first.waitFor('3/6 steps');
    const pid = Number(readFileSync(pidFile(), 'utf8'));
    const session = sessionOf(pid);
    expect(session).toContain(pid);
    line.cut();
    await first.exit;
    expect(await waitUntil(() => session.every((each) => processIdentity(each) === undefined), 20_000)).toBe(true);

    const second = logIn(ui());
    await second.waitFor('train mine');
    second.press('5');
    await second.waitFor('3/6 steps');
    await expectWhole(job);
    await second.waitFor('done');
  },
);

test('a dropped SSH session inside tmux: the same screen is there after tmux attach', noTmux, async () => {
  const job = await trainingHalfway();
  const tmux = `tmux -u -S ${home}/tmux -f /dev/null`;
  const first = logIn(`${tmux} new-session "${ui().replaceAll('$', '\\$')}"`);
  await first.waitFor('train mine');
  first.press('5');
  await first.waitFor('3/6 steps');
  const pid = Number(readFileSync(pidFile(), 'utf8'));
  line.cut();
  await first.exit;

  const second = logIn(`${tmux} attach`);
  await second.waitFor('3/6 steps');
  expect(Number(readFileSync(pidFile(), 'utf8'))).toBe(pid);
  expect(processIdentity(pid)).toBeDefined();
  // Keys arrive again.
  second.press('6');
  await second.waitFor('Settings');
  second.press('5');
  await expectWhole(job);
  await second.waitFor('done');
  second.press('q');
  await second.exit;
});
