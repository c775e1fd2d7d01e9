import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CurlTarget, curlLine } from '../../../src/serving/curl-line.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "ragtui curl's "));
  // Says what it was given: its arguments, then its standard input.
  const curl = path.join(folder, 'curl');
  writeFileSync(
    curl,
    `#!/bin/sh\nfor one in "$@"; do echo "$one" >> '${folder.replaceAll("'", `'\\''`)}/args'; done\ncat\n`,
  );
  chmodSync(curl, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a shell makes of the line: what curl gets as arguments and on its standard input. */
function run(target: CurlTarget, env: Record<string, string> = {}) {
  rmSync(path.join(folder, 'args'), { force: true });
  const line = curlLine(target);
  const options = { env: { PATH: `${folder}:/usr/bin:/bin`, ...env }, input: 'sk-typed\n' };
  const stdin = execFileSync('bash', ['-c', line], options).toString();
  return { line, stdin, args: readFileSync(path.join(folder, 'args'), 'utf8').trimEnd().split('\n') };
}
const chat = { url: 'http://127.0.0.1:8123/v1/', kind: 'chat', model: "it's" } as const;

it('reads the key of a server of ours from its file, and gives it to curl on its standard input', () => {
  const keyFile = path.join(folder, 'endpoint.json');
  writeFileSync(keyFile, JSON.stringify({ url: 'u', key: 'abc_-123', model: 'm', ready: true }));
  const { line, stdin, args } = run({ ...chat, keyFile });
  expect(line).not.toContain('abc_-123');
  expect(stdin).toBe('Authorization: Bearer abc_-123');
  expect(args.join(' ')).not.toContain('abc_-123');
  expect(args).toEqual([
    '-sS',
    'http://127.0.0.1:8123/v1/chat/completions',
    '-H',
    '@-',
    '-H',
    'Content-Type: application/json',
    '-d',
    '{"model":"it\'s","messages":[{"role":"user","content":"Hello"}]}',
  ]);
});

it('takes the key of somebody else’s server from its variable, or asks for it', () => {
  expect(run({ ...chat, keyEnv: 'MY_KEY' }, { MY_KEY: 'sk-mine' }).stdin).toBe('Authorization: Bearer sk-mine');
  expect(run({ ...chat, keyStore: 'keyring' }).stdin).toBe('Authorization: Bearer sk-typed');
  expect(run(chat).args).not.toContain('@-');
});

it('asks an embedder for vectors', () => {
  const { args } = run({ ...chat, kind: 'embedding', model: 'e' });
  expect(args[1]).toBe('http://127.0.0.1:8123/v1/embeddings');
  expect(args.at(-1)).toBe('{"model":"e","input":["Hello"]}');
});
