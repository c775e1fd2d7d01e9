import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../src/platform/entry.ts';
import { lockFile } from '../../src/platform/lock.ts';

const PROCESSES = 8;
const ROUNDS = 60;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-lock-'));
  await build({
    entryPoints: [path.join(packageRoot(), 'test', 'support', 'lock-contender.ts')],
    outfile: path.join(folder, 'contender.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function outputOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (bytes) => (text += String(bytes)));
  const code = await new Promise((resolve) => child.on('close', resolve));
  return code === 0 ? text.trim() : `exit ${code}`;
}

/** A pid that belongs to nobody: of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn('true');
  await new Promise((resolve) => child.on('close', resolve));
  return child.pid ?? 0;
}

test('many processes that break the locks of dead ones never hold it together', async () => {
  const file = path.join(folder, 'contended.lock');
  const dead = await deadPid();
  const children = Array.from({ length: PROCESSES }, () =>
    spawn(process.execPath, [path.join(folder, 'contender.mjs'), file, String(ROUNDS), String(dead)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  expect(await Promise.all(children.map(outputOf))).toEqual(Array.from({ length: PROCESSES }, () => '0'));
  expect(readdirSync(folder).filter((name) => /\.break|\.inside/.test(name))).toEqual([]);
});

test('a breaker that was killed in the middle is broken too, and so is half a file', async () => {
  const gone = JSON.stringify({ pid: await deadPid(), startTime: 'long ago', token: 'aa' });
  const file = path.join(folder, 'left.lock');
  writeFileSync(file, gone);
  writeFileSync(`${file}.aa.break`, gone.replace('"aa"', '"bb"'));
  (await lockFile(file))();
  writeFileSync(file, '{"pid": 1');
  (await lockFile(file))();
  expect(readdirSync(folder).filter((name) => name.startsWith('left.lock'))).toEqual([]);
});
