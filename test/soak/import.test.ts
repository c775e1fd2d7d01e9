import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { ensureBuilt } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

/** Over 1 GB in each form. */
const BYTES = Number(process.env['RAGTUI_IMPORT_BYTES'] ?? 1.05e9);
const ROW_BYTES = 2_100;
/** Far below the file: what the program may hold of JavaScript. */
const HEAP_MB = 128;
const RSS_MB = 400;

let workspace: CommandWorkspace;
beforeAll(() => {
  ensureBuilt();
  workspace = new CommandWorkspace();
  mkdirSync(workspace.home, { recursive: true });
});
afterAll(() => workspace.close());

const WORDS = [
  'harbour',
  '灯塔',
  'tide',
  '潮水',
  'lantern',
  'ledger',
  '"so"',
  'a, b',
  'crane\n',
  '港口',
  'signal',
  '👩‍👩‍👧',
];

/** Our own text, the same in every run. */
function words(state: { seed: number }, characters: number): string {
  let text = '';
  while (text.length < characters) {
    state.seed = (Math.imul(state.seed, 1103515245) + 12345) >>> 0;
    text += `${WORDS[(state.seed >>> 16) % WORDS.length] ?? ''} `;
  }
  return text.trim();
}

type Form = 'json' | 'jsonl' | 'csv';

function* pieces(form: Form, rows: number): Generator<string> {
  const state = { seed: 7 };
  if (form === 'json') yield '{"version": "1", "data": [\n';
  if (form === 'csv') yield 'question,answer,context\n';
  for (let at = 0; at < rows; at++) {
    const context = `Passage ${at}: ${words(state, 1_600)}`;
    const [question, answer] = [`What is passage ${at}?`, context.slice(0, 20)];
    const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
    if (form === 'csv') yield `${[question, answer, context].map(cell).join(',')}\n`;
    else if (form === 'jsonl') yield `${JSON.stringify({ question, answer, context })}\n`;
    else {
      const qas = [{ id: `q${at}`, question, answers: [{ text: answer, answer_start: 0 }] }];
      yield `${at === 0 ? '' : ',\n'}${JSON.stringify({ title: 't', paragraphs: [{ context, qas }] })}`;
    }
  }
  if (form === 'json') yield ']}\n';
}

async function make(form: Form, rows: number): Promise<string> {
  const file = path.join(workspace.home, `large.${form}`);
  const out = createWriteStream(file);
  let held = '';
  for (const piece of pieces(form, rows)) {
    held += piece;
    if (held.length < 1 << 20) continue;
    if (!out.write(held)) await once(out, 'drain');
    held = '';
  }
  out.end(held);
  await once(out, 'finish');
  return file;
}

/** The most memory the process has had so far. */
function highWater(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

const reportSchema = z.object({ rows: z.number(), contexts: z.number(), skipped: z.number() });
const ROWS = Math.floor(BYTES / ROW_BYTES);

test.each(['json', 'jsonl', 'csv'] as const)(
  'a %s file larger than the memory it may have is imported whole, with its progress told',
  async (form) => {
    const file = await make(form, ROWS);
    const began = performance.now();
    const child = workspace.start(['dataset', 'import', file, '--name', form, '--json'], {
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
    });
    let [stdout, stderr, peak] = ['', '', 0];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const watch = setInterval(() => {
      peak = Math.max(peak, highWater(child.pid));
    }, 100);
    const [code] = await once(child, 'close');
    clearInterval(watch);
    const seconds = (performance.now() - began) / 1000;
    rmSync(file);
    expect(
      stderr.split('\n').filter((line) => /rows, .* of 1\.\d GB at .*\/s, \d+:\d\d left/.test(line)).length,
      stderr,
    ).toBeGreaterThan(0);
    expect(code, stderr).toBe(0);
    expect(reportSchema.parse(JSON.parse(stdout))).toEqual({ rows: ROWS, contexts: ROWS, skipped: 0 });
    expect(peak).toBeLessThan(RSS_MB);
    console.log(`${form}: ${ROWS} rows in ${seconds.toFixed(1)} s, at most ${Math.round(peak)} MB`);
    await workspace.json(['dataset', 'delete', form, '--yes']);
    rmSync(path.join(workspace.paths.datasets, '.trash'), { recursive: true });
  },
);

test('a cancelled import leaves nothing', async () => {
  const file = await make('jsonl', Math.floor(ROWS / 4));
  const child = workspace.start(['dataset', 'import', file, '--name', 'cancelled']);
  const staged = () =>
    existsSync(workspace.paths.datasets) &&
    readdirSync(workspace.paths.datasets).some((name) => name.startsWith('.staged'));
  await expect.poll(staged, { timeout: 60_000 }).toBe(true);
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  expect(code).toBe(130);
  expect(readdirSync(workspace.paths.datasets).filter((name) => !name.endsWith('.lock'))).toEqual([]);
});
