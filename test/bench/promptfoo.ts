import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

/** The last one that runs on Node 20. */
const VERSION = '0.121.20';
const run = promisify(execFile);

export interface PromptfooQuestion {
  readonly context: string;
  readonly question: string;
  readonly answer: string;
}

/** promptfoo, installed for the benchmark in the system's temporary folder, never in the repository. */
export interface Promptfoo {
  readonly version: string;
  /** Starts `promptfoo eval` on these questions; resolves when it has ended. */
  start(options: {
    readonly url: string;
    readonly questions: readonly PromptfooQuestion[];
    readonly concurrency: number;
    readonly scratch: string;
  }): { readonly pid: number; readonly ended: Promise<void> };
}

/** Installs it unless it is there. Gives why not when it cannot be had. */
export async function ensurePromptfoo(log: (text: string) => void): Promise<Promptfoo | string> {
  const folder = path.join(os.tmpdir(), `ragtui-bench-promptfoo-${VERSION}`);
  const entry = path.join(folder, 'node_modules', 'promptfoo', 'dist', 'src', 'entrypoint.js');
  const marker = path.join(folder, '.installed');
  try {
    if (!existsSync(marker)) {
      log(`installing promptfoo ${VERSION} into ${folder}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, 'package.json'), '{"private":true}\n');
      await install(folder, `promptfoo@${VERSION}`);
      // What it needs of its optional packages: its database.
      await install(folder, databaseOf(folder));
      writeFileSync(marker, '');
    }
    return { version: VERSION, start: (options) => started(entry, options) };
  } catch (error) {
    return `promptfoo ${VERSION} could not be installed: ${String(error instanceof Error ? error.message : error).split('\n', 1)[0]}`;
  }
}

async function install(folder: string, what: string): Promise<void> {
  const quiet = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund'];
  await run('npm', ['install', what, ...quiet], { cwd: folder, timeout: 300_000 });
}

const libsqlSchema = z.object({ optionalDependencies: z.record(z.string(), z.string()) });

function databaseOf(folder: string): string {
  const file = path.join(folder, 'node_modules', 'libsql', 'package.json');
  const { optionalDependencies } = libsqlSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const beginning = `@libsql/${process.platform}-${process.arch}`;
  const names = Object.keys(optionalDependencies).filter(
    (name) => name.startsWith(beginning) && !name.endsWith('musl'),
  );
  const [name] = names;
  if (name === undefined) throw new Error(`no database for ${process.platform} ${process.arch}`);
  return `${name}@${optionalDependencies[name]}`;
}

function started(entry: string, options: Parameters<Promptfoo['start']>[0]): ReturnType<Promptfoo['start']> {
  const { url, questions, concurrency, scratch } = options;
  const home = path.join(scratch, 'promptfoo');
  mkdirSync(home, { recursive: true });
  const config = path.join(home, 'config.json');
  const provider = { apiBaseUrl: url, apiKey: 'none', temperature: 0, max_tokens: 256 };
  // "{#" and "#}", which CMRC has, would be its templates' own.
  const plain = (text: string) => text.replaceAll('{', '(').replaceAll('}', ')');
  const tests = questions.map(({ context, question, answer }) => ({
    vars: { context: plain(context), question: plain(question) },
    assert: [
      { type: 'equals', value: plain(answer) },
      { type: 'icontains', value: plain(answer) },
    ],
  }));
  writeFileSync(
    config,
    JSON.stringify({
      prompts: ['{{context}}\n\n{{question}}'],
      providers: [{ id: 'openai:chat:known', config: provider }],
      tests,
    }),
  );
  const args = ['eval', '-c', config, '--no-cache', '-j', String(concurrency), '--no-table', '--no-progress-bar'];
  const child = spawn(process.execPath, [entry, ...args], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PROMPTFOO_CONFIG_DIR: home,
      // It must ask nobody but the server that is measured.
      PROMPTFOO_DISABLE_TELEMETRY: '1',
      PROMPTFOO_DISABLE_UPDATE: '1',
      PROMPTFOO_DISABLE_REMOTE_GENERATION: '1',
      // Its log files: their stream can throw as it ends on a busy machine, and the run is lost with code 1.
      PROMPTFOO_DISABLE_DEBUG_LOG: '1',
      PROMPTFOO_DISABLE_ERROR_LOG: '1',
    },
  });
  if (child.pid === undefined) throw new Error('promptfoo could not be started');
  let said = '';
  const hear = (text: Buffer) => {
    said = (said + text.toString('utf8')).slice(-8000);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = once(child, 'close').then(([code]) => {
    // 100: some assertion failed, as is meant.
    if (code === 0 || code === 100) return;
    const lines = said.trim().split('\n');
    throw new Error(`promptfoo ended with ${code}: ${lines.find((line) => /Error/.test(line)) ?? lines.at(-1)}`);
  });
  return { pid: child.pid, ended };
}
