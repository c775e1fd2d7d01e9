import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stopJob } from '../../src/jobs/control.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { listJobs } from '../../src/jobs/registry.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { readRecipeStatus } from '../../src/recipes/control.ts';
import { jobPrograms } from '../support/jobs-programs.ts';

// Three steps in a row, each a job of its own: the rows, a selection of them, its split.
const RECIPE = `
recipe: 1
name: three
datasets:
  rows: {use: anything}
  few: {from: rows, limit: 3, split: {by: context, test: 1}}
`;
const STEPS = ['use rows', 'select few', 'split few'];

let programs: string;
let home: string;
let folder: string;
let paths: WorkspacePaths;
const begun: ChildProcess[] = [];

beforeAll(async () => {
  programs = await jobPrograms();
});
afterAll(() => rmSync(programs, { recursive: true, force: true }));
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui recipe '));
  paths = workspacePaths(home, {});
  folder = path.join(home, 'recipe-job');
  mkdirSync(folder);
  writeFileSync(path.join(home, 'three.yaml'), RECIPE);
});
afterEach(async () => {
  for (const child of begun.splice(0)) child.kill('SIGKILL');
  for (const job of listJobs(paths))
    if (!isOver(job.state) || job.orphans.length > 0)
      await stopJob(paths, job.spec.id, { grace: { ask: 2, terminate: 0.1 } });
  rmSync(home, { recursive: true, force: true });
});

function start(crashAt = ''): { child: ChildProcess; over: Promise<number | string | null> } {
  const args = [path.join(programs, 'recipe-runner.mjs'), home, folder, path.join(home, 'three.yaml')];
  const env = { ...process.env, RAGTUI_CRASH_AT: crashAt, RAGTUI_DEVICES: path.join(home, 'devices') };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  begun.push(child);
  return { child, over: new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal))) };
}

const fileOf = (id: string, ending: string) => path.join(home, `${id.replaceAll(' ', '-')}.${ending}`);
const logOf = (id: string) => (existsSync(fileOf(id, 'log')) ? readFileSync(fileOf(id, 'log'), 'utf8') : '');
const states = () => (readRecipeStatus(folder)?.steps ?? []).map(({ state }) => state);
const jobsOf = (id: string): JobView[] => listJobs(paths).filter(({ spec }) => spec.name === `three: ${id}`);
const until = async (condition: () => boolean) => expect(await waitUntil(condition, 20_000, 20)).toBe(true);
const kill9 = (file: string) => process.kill(readJsonFile(file, identityFileSchema)?.pid ?? 0, 'SIGKILL');
const hold = (id: string) => writeFileSync(fileOf(id, 'log.hold'), '');
const letGo = (id: string) => rmSync(fileOf(id, 'log.hold'), { force: true });

describe('a recipe whose worker is killed', () => {
  const places = ['recipe_begun', 'recipe_launched', 'recipe_child_over', 'recipe_made', 'recipe_kept'];
  const boundaries = ['recipe_begun:1', 'recipe_kept:1', 'recipe_begun:3', 'recipe_kept:3'];
  test.each([...places.map((place) => `${place}:2`), ...boundaries])(
    'at %s goes on where it was, and nothing is done twice',
    async (crashAt) => {
      expect(await start(crashAt).over).toBe('SIGKILL');
      expect(await start().over).toBe(0);
      expect(states()).toHaveLength(3);
      expect(states().every((state) => state === 'done' || state === 'kept')).toBe(true);
      for (const id of STEPS) {
        expect(logOf(id), id).toBe('begun\ndone\n');
        expect(jobsOf(id), id).toHaveLength(1);
      }
    },
  );

  test('in the middle of a job attaches to it again: it has never stopped', async () => {
    hold('select few');
    const first = start();
    await until(() => logOf('select few') === 'begun\n');
    first.child.kill('SIGKILL');
    await first.over;
    const second = start();
    await until(() => states()[1] === 'running');
    letGo('select few');
    expect(await second.over).toBe(0);
    expect(states()).toEqual(['kept', 'done', 'done']);
    expect(logOf('select few')).toBe('begun\ndone\n');
    expect(jobsOf('select few')).toHaveLength(1);
  });
});

describe('a job of a step that is killed', () => {
  test.each(['worker', 'supervisor'] as const)('(its %s) is gone on with by the recipe', async (which) => {
    hold('select few');
    const run = start();
    await until(() => logOf('select few') === 'begun\n');
    const [job] = jobsOf('select few');
    if (!job) throw new Error('there is no job');
    if (which === 'supervisor') kill9(jobFiles(job.folder).supervisor);
    kill9(jobFiles(job.folder).worker);
    await until(() => logOf('select few') === 'begun\nbegun\n');
    letGo('select few');
    expect(await run.over).toBe(0);
    expect(logOf('select few')).toBe('begun\nbegun\ndone\n');
    expect(states()).toEqual(['done', 'done', 'done']);
  });

  test('whose supervisor alone is killed is waited for: its worker goes on', async () => {
    hold('select few');
    const run = start();
    await until(() => logOf('select few') === 'begun\n');
    const [job] = jobsOf('select few');
    kill9(jobFiles(job?.folder ?? '').supervisor);
    letGo('select few');
    expect(await run.over).toBe(0);
    expect(logOf('select few')).toBe('begun\ndone\n');
  });
});

test('a stop ends the job of the step, and a resume goes on with it', async () => {
  hold('select few');
  const run = start();
  await until(() => logOf('select few') === 'begun\n');
  run.child.kill('SIGTERM');
  expect(await run.over).not.toBe(0);
  expect(jobsOf('select few')[0]?.state).toBe('stopped');
  expect(states()).toEqual(['done', 'stopped', 'waiting']);
  letGo('select few');
  expect(await start().over).toBe(0);
  expect(states()).toEqual(['kept', 'done', 'done']);
});

test('what changed is done again with all that follows from it, the rest is kept; what is gone is made again', async () => {
  expect(await start().over).toBe(0);
  expect(await start().over).toBe(0);
  expect(states()).toEqual(['kept', 'kept', 'kept']);

  writeFileSync(fileOf('select few', 'facts'), 'other bytes');
  expect(await start().over).toBe(0);
  expect(states()).toEqual(['kept', 'done', 'done']);

  rmSync(fileOf('use rows', 'made'));
  expect(await start().over).toBe(0);
  // Made anew it is what it was, so nothing follows from that.
  expect(states()).toEqual(['done', 'kept', 'kept']);
  expect(jobsOf('use rows')).toHaveLength(2);
});
