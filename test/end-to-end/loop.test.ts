import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { processesOf } from '../../src/cli/loop/stop-step.ts';
import { ensureBuilt } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

// The loop itself takes most of an hour and is run by hand.
let workspace: CommandWorkspace;
beforeAll(() => {
  ensureBuilt();
  workspace = new CommandWorkspace();
});
afterAll(() => workspace.close());

test('a dry run tells every command in its order and starts nothing', async () => {
  for (const name of ['Financial-QA-10k.csv', 'cmrc2018_trial.json']) {
    writeFileSync(path.join(workspace.home, name), '');
  }
  const { steps } = z
    .object({ steps: z.array(z.object({ name: z.string(), command: z.string() })) })
    .parse(await workspace.json(['demo', '--loop', '--dry-run', '--data', workspace.home]));
  expect(steps.map(({ name }) => name)).toEqual([
    'engines',
    'models',
    'import',
    'split',
    'export',
    'train llm',
    'train embedder',
    'knowledge base',
    'serve on vllm',
    'serve on llama',
    'compare',
    'stop vllm',
    'evaluate llm',
    'evaluate embedder',
    'stop',
  ]);
  // What the dry run tells is what its own commands take.
  const train = steps.find(({ name }) => name === 'train llm')?.command.split(' ') ?? [];
  const { code, stderr } = await workspace.run([...train, '--dry-run']);
  expect([code, stderr]).toEqual([1, expect.stringContaining('"financial-qa"')]);
  expect(existsSync(workspace.paths.jobs)).toBe(false);
});

test('without the data it says in one line what is needed and where that is published', async () => {
  const { code, stderr } = await workspace.run(['demo', '--loop', '--data', path.join(workspace.home, 'none')]);
  expect(code).toBe(1);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/Financial-QA-10k\.csv.*cmrc2018_trial\.json.*virattt\/financial-qa-10K.*ymcui\/cmrc2018/);
});

test('its options without --loop are wrong usage', async () => {
  expect((await workspace.run(['demo', '--quick'])).code).toBe(2);
});

test('a process that works in the workspace counts as left behind until it is gone', async () => {
  const child = spawn('sleep', ['60'], { cwd: workspace.home, stdio: 'ignore' });
  await once(child, 'spawn');
  expect(processesOf(workspace.home)).toEqual([String(child.pid)]);
  child.kill();
  await once(child, 'exit');
  expect(processesOf(workspace.home)).toEqual([]);
});
