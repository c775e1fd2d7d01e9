import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { agentSource } from '../../src/hosts/agent.ts';
import { waitUntil } from '../../src/platform/processes.ts';

// The far side alone, asked as over ssh but on this machine.

const asked = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
const hasPython = asked.status === 0;
/** The program itself, not a script of a version manager. */
const python = hasPython ? asked.stdout.trim() : '';
const answerSchema = z.looseObject({ state: z.string().optional(), waits: z.string().optional() });

describe.skipIf(!hasPython)(`the agent${hasPython ? '' : ': skipped, there is no python3'}`, () => {
  let root: string;
  beforeEach(() => {
    root = path.join(mkdtempSync(path.join(os.tmpdir(), 'ragtui-agent-')), 'far host');
  });
  afterEach(() => {
    ask({ op: 'clean', stop: true });
    rmSync(path.dirname(root), { recursive: true, force: true });
  });

  function ask(request: object) {
    const source = agentSource();
    const text = Buffer.from(JSON.stringify({ root, ...request })).toString('base64url');
    const boot = "import sys;exec(compile(sys.stdin.buffer.read(int(sys.argv[1])),'ragtui','exec'))";
    const args = ['-c', boot, String(source.length), text + '='.repeat((4 - (text.length % 4)) % 4)];
    const { stdout } = spawnSync(python, args, { input: source, encoding: 'utf8' });
    return answerSchema.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
  }
  const start = (run: string, script: string, more: object = {}) =>
    ask({ op: 'start', run, argv: ['sh', '-c', script], env: {}, grace: 1, ...more });
  const status = (run: string) => ask({ op: 'status', run });
  const until = async (run: string, state: string) => {
    await waitUntil(() => status(run).state === state, 20_000, 100);
    expect(status(run)).toMatchObject({ state });
  };
  const fileOf = (run: string, name: string) => readFileSync(path.join(root, 'runs', run, name), 'utf8');

  test('starts a run once, however often it is asked to', async () => {
    for (let time = 0; time < 3; time += 1) start('a', 'echo begun; exit 3');
    await until('a', 'over');
    expect(fileOf('a', 'stdout.log')).toBe('begun\n');
    expect(status('a')).toMatchObject({ result: { code: 3, signal: null, stopped: false } });
  });

  test('a program that cannot be started says so', async () => {
    ask({ op: 'start', run: 'a', argv: ['/nowhere/python'], env: {} });
    await until('a', 'over');
    expect(status('a')).toMatchObject({ result: { code: 127, error: expect.stringContaining('/nowhere/python') } });
  });

  test('one that ignores TERM is killed after its grace, with all that came of it', async () => {
    start('a', 'trap "" TERM; (trap "" TERM; setsid sleep 600 & echo $! > child); while :; do sleep 0.1; done');
    await waitUntil(() => status('a').state === 'running', 10_000, 100);
    ask({ op: 'stop', run: 'a' });
    await until('a', 'over');
    expect(status('a')).toMatchObject({ result: { signal: 'SIGKILL', stopped: true } });
    // A zombie counts as gone.
    const child = Number(fileOf('a', 'child'));
    const state = spawnSync('ps', ['-o', 'stat=', '-p', String(child)], { encoding: 'utf8' }).stdout.trim();
    expect(['', 'Z']).toContain(state.slice(0, 1));
  });

  test('without its keeper a run is still stopped', async () => {
    start('a', 'sleep 600');
    await until('a', 'running');
    const { keeper } = JSON.parse(fileOf('a', 'run.json'));
    process.kill(keeper.pid, 'SIGKILL');
    expect(status('a')).toMatchObject({ state: 'running', keeper: false, program: true });
    ask({ op: 'stop', run: 'a' });
    await until('a', 'lost');
  });

  test('a pid that somebody else has now is not the run', async () => {
    start('a', 'sleep 600');
    await until('a', 'running');
    const file = path.join(root, 'runs', 'a', 'run.json');
    const run = JSON.parse(readFileSync(file, 'utf8'));
    const other = { pid: process.pid, start: '1', boot: run.keeper.boot };
    ask({ op: 'stop', run: 'a', kill: true });
    await until('a', 'over');
    rmSync(path.join(root, 'runs', 'a', 'result.json'));
    writeFileSync(file, JSON.stringify({ ...run, keeper: other, program: other }));
    expect(status('a').state).toBe('lost');
    // Would end this very test.
    ask({ op: 'stop', run: 'a', kill: true });
  });

  test('GPUs are given to one run at a time, and freed with the last of its processes', async () => {
    const gpu = { gpus: 1, gpusThere: 1 };
    start('a', 'echo $CUDA_VISIBLE_DEVICES; sleep 600', gpu);
    await until('a', 'running');
    start('b', 'echo $CUDA_VISIBLE_DEVICES', gpu);
    await until('b', 'queued');
    await waitUntil(() => status('b').waits !== '', 10_000, 100);
    expect(status('b').waits).toBe('waits for 1 of 1 GPUs there');
    // Its keeper is killed: the program goes on and keeps the GPU.
    process.kill(JSON.parse(fileOf('a', 'run.json')).keeper.pid, 'SIGKILL');
    expect(status('b').state).toBe('queued');
    ask({ op: 'stop', run: 'a', kill: true });
    await until('b', 'over');
    expect([fileOf('a', 'stdout.log'), fileOf('b', 'stdout.log')]).toEqual(['0\n', '0\n']);
    start('c', 'true', { gpus: 2, gpusThere: 1 });
    await until('c', 'over');
    expect(status('c')).toMatchObject({ result: { error: '2 GPUs are asked for and there are 1' } });
  });

  test('a folder with files of others never becomes ours: nothing is put there, and clean deletes none of them', () => {
    mkdirSync(root);
    writeFileSync(path.join(root, 'thesis.txt'), 'years of work');
    expect(ask({ op: 'make', folders: [path.join(root, 'store')] })).toMatchObject({ error: { code: 'permission' } });
    expect(ask({ op: 'start', run: 'a', argv: ['true'], env: {} })).toMatchObject({ error: { code: 'permission' } });
    expect(ask({ op: 'clean', stop: true })).toMatchObject({ error: { code: 'permission' } });
    expect(readdirSync(root)).toEqual(['thesis.txt']);
  });

  test('clean deletes nothing that does not bear our mark', () => {
    start('a', 'true');
    rmSync(path.join(root, '.ragtui-host'));
    expect(ask({ op: 'clean', stop: true })).toMatchObject({ error: { code: 'permission' } });
    writeFileSync(path.join(root, '.ragtui-host'), '');
    expect(ask({ op: 'clean', stop: true })).toMatchObject({ there: false });
  });
});
