import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { keepHost } from '../../../src/hosts/store.ts';
import { ensureWorkspace, workspacePaths } from '../../../src/platform/paths.ts';
import { inspectRecipe } from '../../../src/recipes/inspect.ts';

test('a dataset and a prompt that are not there are told by line, before anything runs', () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui inspect '));
  try {
    const text = `recipe: 1
name: gone
datasets:
  rows: {use: nowhere}
  out: {use: ../../etc}
columns:
  a: {llm: smollm2-135m-instruct, context: gold, prompt: nobody}
`;
    const { problems } = inspectRecipe(workspacePaths(home, {}), { file: '/x.yaml', cwd: '/', text, vars: {} });
    expect(problems.map(({ line, at }) => [line, at])).toEqual([
      [4, 'datasets.rows.use'],
      [5, 'datasets.out.use'],
      [7, 'columns.a.prompt'],
    ]);
    expect(problems[2]?.message).toBe('There is no prompt "nobody".');
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

test('what the workspace lacks is told from the top of the file to its end', () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui inspect '));
  try {
    const text = `recipe: 1
name: shuffled
columns:
  a: {prompt: nobody, llm: smollm2-135m-instruct@llama, context: gold}
  b: {llm: nothing, context: gold, prompt: nobody}
datasets:
  rows: {use: nowhere}
`;
    const { problems } = inspectRecipe(workspacePaths(home, {}), { file: '/x.yaml', cwd: '/', text, vars: {} });
    expect(problems.map(({ line, at }) => [line, at])).toEqual([
      [4, 'columns.a.prompt'],
      [5, 'columns.b.llm'],
      [5, 'columns.b.prompt'],
      [7, 'datasets.rows.use'],
    ]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

test('a server elsewhere: another engine than vLLM, Slurm, a host that nobody knows are refused by line', () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui inspect '));
  try {
    const paths = workspacePaths(home, {});
    ensureWorkspace(paths);
    const said = (launcher: string, engine: string) =>
      inspectRecipe(paths, {
        file: '/x.yaml',
        cwd: '/',
        text: `recipe: 1
name: served
deploy:
  own:
    model: smollm2-135m-instruct
    engine: ${engine}
    launcher: "${launcher}"
`,
        vars: {},
      }).problems.map(({ line, message }) => `${line} ${message}`);
    expect(said('ssh:nowhere', 'llama')).toEqual(['6 llama serves on this machine alone.']);
    expect(said('slurm:login', 'vllm')).toEqual(['7 Servers are not started through Slurm.']);
    expect(said('ssh:nowhere', 'vllm')).toEqual(['7 There is no host nowhere in this workspace.']);
    expect(said('local', 'llama')).toEqual([]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

test('a launcher that is none, a host that nobody knows, a preset that its host cannot do: told by line', async () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui inspect '));
  try {
    const paths = workspacePaths(home, {});
    ensureWorkspace(paths);
    await keepHost(paths, {
      name: 'small',
      folder: '~/.ragtui-host',
      addedAt: '2026-01-01T00:00:00Z',
      facts: null,
      installed: [{ name: 'llamafactory', python: '/p', device: 'cpu', versions: { llamafactory: '0.9.5' }, lock: '' }],
    });
    const text = (launcher: string) => `recipe: 1
name: elsewhere
datasets:
  rows: {import: {file: /dev/null}}
train:
  tuned:
    kind: llm
    dataset: rows
    base: smollm2-135m-instruct
    preset: tutorial
    launcher: "${launcher}"
`;
    const said = (launcher: string) =>
      inspectRecipe(paths, { file: '/x.yaml', cwd: '/', text: text(launcher), vars: {} }).problems.map(
        ({ line, message }) => `${line} ${message}`,
      );
    expect(said('ftp:far')).toEqual([
      expect.stringMatching(/^11 train\.tuned\.launcher: use local, ssh:HOST or slurm:HOST/),
    ]);
    expect(said('ssh:nowhere')).toEqual(['11 There is no host nowhere in this workspace.']);
    expect(said('ssh:small')).toEqual([
      '10 The preset tutorial needs a GPU, and there is none on small.',
      '11 The host small has not been looked at yet.',
    ]);
    const onNodes = (launcher: string) => text(launcher).replace('preset: tutorial', 'nodes: 2');
    const told = inspectRecipe(paths, { file: '/x.yaml', cwd: '/', text: onNodes('ssh:small'), vars: {} }).problems;
    expect(told.map(({ line, message }) => `${line} ${message}`)).toContain(
      '10 A training on 2 nodes needs Slurm: ssh:small is one machine.',
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
