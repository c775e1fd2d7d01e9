import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../src/platform/entry.ts';
import { ensureBuilt } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

let workspace: CommandWorkspace;
beforeAll(() => {
  ensureBuilt();
  workspace = new CommandWorkspace();
});
afterAll(() => workspace.close());

test('without a terminal it says what to do instead, and does nothing', async () => {
  const { code, stdout, stderr } = await workspace.run([]);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toContain('ragtui ingest FOLDER --kb NAME');
});

test.each([
  [['--bad'], /Unknown option '--bad'/],
  [['serach', 'x', 'y'], /no command "serach"\. Did you mean "ragtui search"/],
  [['job'], /Did you mean "ragtui jobs"/],
  [['search'], /Missing required argument 'query'/],
  [['search', 'x', '--mode', 'best'], /--mode is not right/],
  [['search', 'x', '--top-k', '0'], /--top-k is not right/],
  [['search', 'x', '--instruction', 'maybe'], /--instruction is not right/],
  [['ingest', '/'], /--kb/],
  [['jobs', 'show', '../../etc'], /not a job id/],
  [['models', 'add', 'x'], /--url URL, or --path/],
])('wrong usage is exit 2 and one line: %j', async (args, line) => {
  const { code, stdout, stderr } = await workspace.run(args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(line);
});

test('an error with --json is one object on stderr; a stack only with RAGTUI_DEBUG=1', async () => {
  const args = ['kb', 'show', 'nowhere'];
  const shape = z.object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string() }) }).strict();
  const json = await workspace.run([...args, '--json']);
  expect(json.code).toBe(1);
  expect(json.stdout).toBe('');
  expect(shape.parse(JSON.parse(json.stderr)).error.code).toBe('not-found');
  const plain = await workspace.run(args);
  expect(plain.code).toBe(1);
  expect(plain.stderr.trimEnd().split('\n')).toHaveLength(1);
  const debug = await workspace.run(args, { RAGTUI_DEBUG: '1' });
  expect(debug.stderr).toMatch(/\n {4}at /);
});

test('global options may stand anywhere on the line', async () => {
  for (const args of [
    ['--json', 'jobs', 'list'],
    ['jobs', '--json', 'list'],
    ['jobs', 'list', '--json'],
  ]) {
    expect(JSON.parse((await workspace.run(args)).stdout)).toEqual({ jobs: [] });
  }
  const version = await workspace.run(['--version']);
  expect(version.stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  expect(version.code).toBe(0);
  const elsewhere = await workspace.run([
    'config',
    'path',
    '--json',
    '--home',
    path.join(workspace.home, 'else where'),
  ]);
  expect(JSON.parse(elsewhere.stdout).home).toBe(path.join(workspace.home, 'else where'));
});

test('destructive commands need --yes when nobody can be asked', async () => {
  await workspace.json(['kb', 'create', 'doomed']);
  const refused = await workspace.run(['kb', 'delete', 'doomed']);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('--yes');
  expect((await workspace.run(['kb', 'show', 'doomed'])).code).toBe(0);
  expect((await workspace.run(['kb', 'delete', 'doomed', '--yes'])).code).toBe(0);
  expect((await workspace.run(['kb', 'show', 'doomed'])).code).toBe(1);
});

test('--no-pull forbids to fetch a model', async () => {
  const folder = path.join(workspace.home, 'one');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'a.txt'), 'A text.');
  const { code, stderr } = await workspace.run(['ingest', folder, '--kb', 'unpulled', '--no-pull'], {
    RAGTUI_MODELS_CACHE: path.join(workspace.home, 'no-models'),
  });
  expect(code).toBe(1);
  expect(stderr).toContain('ragtui models pull bge-small-en-v1.5-int8');
});

test('a reader that leaves early ends it quietly', async () => {
  const child = workspace.start(['models', 'list']);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

test('doctor tells of this machine and is content with it', async () => {
  const report = z
    .object({ ok: z.boolean(), checks: z.array(z.object({ name: z.string(), state: z.string(), detail: z.string() })) })
    .parse(await workspace.json(['doctor']));
  expect(report.ok).toBe(true);
  expect(report.checks.find((check) => check.name === 'Node')?.detail).toBe(process.version);
});

test('a bad settings file is a warning, not a crash', async () => {
  const folder = path.join(workspace.home, 'bad config');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'config.toml'), '[interface]\ntheme = "pink"\nnonsense\n');
  const { code, stdout } = await workspace.run(['config', 'show', '--json'], { RAGTUI_CONFIG_HOME: folder });
  expect(code).toBe(0);
  const { warnings, settings } = JSON.parse(stdout);
  expect(warnings).toHaveLength(2);
  expect(settings.interface.theme).toBe('dark');
});

test('nothing that a headless command can load holds React, the screen or native code', () => {
  const dist = path.join(packageRoot(), 'dist', 'cli');
  const seen = new Set<string>();
  const sources = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    const map = z.object({ sources: z.array(z.string()) }).parse(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
    for (const source of map.sources) sources.add(source);
    const imports = [
      ...text.matchAll(/^(?:import|export)\b[^;]*?["'](\.[^"']+)["'];?$/gm),
      // Not the types in a library's comments.
      ...text.matchAll(/(?<!typeof )\bimport\(["'](\.[^"']+)["']\)/g),
    ];
    for (const [, from] of imports) {
      // The chunk of src/app/main.tsx, which only `ragtui` without a command imports.
      if (from && !/\/main-[A-Z0-9]+\.js$/.test(from)) visit(path.resolve(path.dirname(file), from));
    }
    for (const native of ['better-sqlite3', 'hnswlib-node', 'onnxruntime-node', 'node-llama-cpp']) {
      expect(text.includes(`from "${native}"`)).toBe(false);
    }
  };
  visit(path.join(dist, 'main.js'));
  const all = [...sources];
  for (const part of ['node_modules/commander/', 'src/kb/client.ts', 'src/rag/pipeline.ts', 'src/jobs/launcher.ts']) {
    expect(all.some((source) => source.includes(part))).toBe(true);
  }
  expect(all.filter((source) => /node_modules\/(react|ink|yoga-layout)\//.test(source))).toEqual([]);
  // Laying out text by cells is no screen (`compare` puts answers beside each other with it), nor are words alone
  // (`train llm --explain` tells of the fields in the words of their form).
  const screen = all.filter((source) => /src\/(app|screens|ui)\//.test(source));
  const allowed = /src\/ui\/(?:(?:lru|text|wrap)\.ts|i18n\/.*\.ts)$/;
  expect(screen.filter((source) => !allowed.test(source))).toEqual([]);
});
