import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createParserPool, type ParserPool, type ParserPoolOptions } from '../../src/kb/loaders/parser-pool.ts';
import { errorLine, toRagtuiError } from '../../src/platform/errors.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';

let folder: string;
const pools: ParserPool[] = [];

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-parser-'));
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function pool(options: Partial<ParserPoolOptions> = {}): ParserPool {
  const made = createParserPool({ size: 1, ...options });
  pools.push(made);
  return made;
}

function file(name: string, content: string | Uint8Array): string {
  const full = path.join(folder, name);
  writeFileSync(full, content);
  return full;
}

/** A child that speaks the protocol but does `body` with the file: what a parser gone wrong looks like. */
function badChild(name: string, body: string): string {
  return file(
    `${name}.mjs`,
    `import { writeFileSync } from 'node:fs';
     process.on('disconnect', () => process.exit(0));
     process.on('message', (message) => {
       if (message.path.endsWith('good.txt')) process.send({ type: 'end', id: message.id });
       else { ${body} }
     });`,
  );
}

async function texts(made: ParserPool, target: string): Promise<string[]> {
  const found: string[] = [];
  for await (const batch of made.parse(target)) found.push(...batch.map(({ text }) => text));
  return found;
}

/** The error line of a file, '' if it went well. */
async function problem(made: ParserPool, target: string): Promise<string> {
  return texts(made, target).then(
    () => '',
    (error) => errorLine(error),
  );
}

test('parses files in a child', async () => {
  const made = pool();
  expect(await texts(made, file('good.txt', 'hello\r\nworld'))).toEqual(['hello\nworld']);
  expect(await texts(made, file('gb.txt', Buffer.from('b4cbb4a6c3bbd3d0b2e8d2b6', 'hex')))).toEqual(['此处没有茶叶']);
});

test('the error of a bad file is one line, and the same child goes on', async () => {
  const made = pool();
  expect(await problem(made, file('nul.txt', 'a\0b'))).toMatch(/^It holds NUL bytes \(the first at byte 1\)[^\n]*$/);
  expect(await texts(made, file('after.txt', 'fine'))).toEqual(['fine']);
});

test.each([
  ['hangs', 'for (;;);', /^It was not read within 1 s\./],
  ['waits for ever', '', /^It was not read within 1 s\./],
  ['dies', 'process.kill(process.pid, "SIGSEGV")', /^The parser broke down on it \(signal SIGSEGV\)\./],
  ['leaves', 'process.exit(3)', /^The parser broke down on it \(exit code 3\)\./],
  [
    'takes memory',
    'const hold = []; setInterval(() => hold.push(Buffer.alloc(16e6, 1)), 5)',
    /^Reading it takes more than 200 MB of memory\./,
  ],
  ['fills the heap', 'const hold = []; for (;;) hold.push({ a: [1, 2, 3] })', /^Reading it takes more than 200 MB/],
  ['talks nonsense', 'process.send({ hello: 1 })', /^The parser sent a message that makes no sense\./],
])('a child that %s is replaced, the next file goes on', async (name, body, line) => {
  const made = pool({
    entry: badChild(name, body),
    timeoutMs: name.includes('memory') || name.includes('heap') ? 20_000 : 1000,
    memoryMb: 200,
  });
  expect(await problem(made, path.join(folder, 'bad.txt'))).toMatch(line);
  expect(await problem(made, path.join(folder, 'good.txt'))).toBe('');
});

test('the next batch is made only when it is asked for', async () => {
  const log = path.join(folder, 'asked.log');
  const entry = file(
    'slow.mjs',
    `import { appendFileSync } from 'node:fs';
     let n = 0;
     process.on('message', (m) => {
       appendFileSync(${JSON.stringify(log)}, m.type + '\\n');
       if (n++ < 2) process.send({ type: 'batch', id: m.id, documents: [{ key: String(n), title: '', text: 'x', metadata: {} }] });
       else process.send({ type: 'end', id: m.id });
     });`,
  );
  const made = pool({ entry });
  const { readFileSync } = await import('node:fs');
  const seen: string[] = [];
  for await (const batch of made.parse('/any')) seen.push(`${batch[0]?.key} ${readFileSync(log, 'utf8').trim()}`);
  expect(seen).toEqual(['1 parse', '2 parse\nnext']);
});

test('files wait for a free child; all are parsed', async () => {
  const made = pool({ size: 2 });
  const names = Array.from({ length: 9 }, (_, i) => file(`n${i}.txt`, `text ${i}`));
  const all = await Promise.all(names.map((name) => texts(made, name)));
  expect(all.flat()).toEqual(names.map((_, i) => `text ${i}`));
});

test('a signal stops a hanging file, also one that still waits', async () => {
  const made = pool({ entry: badChild('hang2', 'for (;;);'), timeoutMs: 60_000 });
  const controllers = [new AbortController(), new AbortController()];
  const runs = controllers.map(async ({ signal }) => {
    try {
      for await (const _ of made.parse(path.join(folder, 'bad.txt'), {}, signal));
      return 'done';
    } catch (error) {
      return toRagtuiError(error).code;
    }
  });
  controllers[1]?.abort();
  expect(await runs[1]).toBe('cancelled');
  controllers[0]?.abort();
  expect(await runs[0]).toBe('cancelled');
  expect(await problem(made, path.join(folder, 'good.txt'))).toBe('');
});

test('leaving the loop early frees the child', async () => {
  const made = pool();
  const long = file('long.txt', `${'x'.repeat(99)}\n`.repeat(60_000));
  for await (const batch of made.parse(long)) {
    expect(batch.length).toBeGreaterThan(0);
    break;
  }
  expect(await texts(made, file('next.txt', 'next'))).toEqual(['next']);
});

test('close ends the children', async () => {
  const pidFile = path.join(folder, 'pid');
  const entry = badChild('pid', `writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); for (;;);`);
  const made = pool({ entry });
  const failed = problem(made, path.join(folder, 'bad.txt'));
  const { readFileSync } = await import('node:fs');
  const pid = (): number => {
    try {
      return Number(readFileSync(pidFile, 'utf8'));
    } catch {
      return 0;
    }
  };
  expect(await waitUntil(() => pid() > 0, 10_000)).toBe(true);
  await made.close();
  expect(await failed).toMatch(/^Reading it was stopped/);
  expect(processIdentity(pid())).toBeUndefined();
  expect(await problem(made, path.join(folder, 'good.txt'))).toMatch(/^Reading it was stopped/);
});
