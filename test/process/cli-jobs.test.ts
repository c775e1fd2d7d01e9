import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stateFileSchema } from '../../src/jobs/folder.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

const ID = '20261129-040000-pull-abcd';
const TUNE = '20261129-041000-train-llm-abcd';
let workspace: CommandWorkspace;
beforeEach(() => {
  workspace = new CommandWorkspace();
});
afterEach(() => workspace.close());

/** A job that is over, in a folder as its supervisor leaves it. */
function job(id: string, work: object, state: string): string {
  const folder = path.join(workspace.home, 'jobs', id);
  mkdirSync(folder, { recursive: true });
  const spec = { version: 1, id, name: `job ${id.slice(-4)}`, createdAt: '2026-11-29T04:00:00.000Z', work };
  writeFileSync(path.join(folder, 'spec.json'), JSON.stringify(spec));
  const ended = { state, reason: '', startedAt: null, endedAt: '2026-11-29T04:01:00.000Z', error: null };
  writeFileSync(path.join(folder, 'state.json'), JSON.stringify(stateFileSchema.parse(ended)));
  return folder;
}

test('notes, tags and what a job printed and ran, from the command line', async () => {
  const folder = job(ID, { kind: 'pull', models: ['m'] }, 'succeeded');
  writeFileSync(path.join(folder, 'stdout.log'), 'step 1\nstep 2');
  writeFileSync(path.join(folder, 'commands.txt'), 'python -m engine train.yaml\n');
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await workspace.run(['jobs', ...args]);
    return { code, text: stdout + stderr };
  };
  expect(await run('tag', ID, '+good', '+old')).toMatchObject({ code: 0 });
  expect((await run('tag', ID, '-old', '+v2')).text).toContain('is tagged good, v2');
  expect((await run('tag', ID, '+two words')).code).toBe(2);
  expect((await run('note', ID, 'rank is too low')).code).toBe(0);
  expect((await run('list', '--tag', 'good')).text).toMatch(/succeeded +job abcd +good v2/);
  expect((await run('list', '--tag', 'old')).text).toContain('No job is like that');
  expect((await run('show', ID)).text).toContain('note      rank is too low');
  expect((await run('show', ID, '--ran')).text).toContain('# commands.txt\npython -m engine train.yaml');
  expect((await run('logs', ID, '--stdout')).text).toBe('step 1\nstep 2\n');
  expect(await run('resume', ID)).toMatchObject({ code: 2, text: expect.stringContaining('ragtui jobs retry') });
  expect(await run('start-now', ID)).toMatchObject({ code: 2, text: expect.stringContaining('does not wait') });
});

test('a training is deleted with what it made only when that is said, and what that is is told', async () => {
  const training = { dataset: 'd', split: 'all', base: 'base', name: 'mine', preset: 'cpu', settings: {}, seed: 1 };
  const folder = job(TUNE, { kind: 'train-llm', ...training }, 'stopped');
  const tuned = path.join(workspace.home, 'tuned', 'mine');
  mkdirSync(tuned, { recursive: true });
  writeFileSync(path.join(tuned, 'weights'), Buffer.alloc(3_000_000));
  const asked = await workspace.run(['jobs', 'delete', TUNE]);
  expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('What it made stays: mine (3 MB in') });
  expect(existsSync(folder)).toBe(true);
  const all = await workspace.run(['jobs', 'delete', TUNE, '--artifacts', '--yes']);
  expect(all).toMatchObject({ code: 0, stdout: `Deleted ${TUNE} and mine.\n` });
  expect([existsSync(folder), existsSync(tuned)]).toEqual([false, false]);
});
