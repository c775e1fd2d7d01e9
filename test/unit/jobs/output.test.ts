import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventWriter, readLastEvents } from '../../../src/jobs/events.ts';
import { jobFiles } from '../../../src/jobs/folder.ts';
import { tailOutput } from '../../../src/jobs/output.ts';
import { keepCommand, shellLine, whatRan } from '../../../src/jobs/ran.ts';
import { readJob } from '../../../src/jobs/registry.ts';
import { jobSpecSchema } from '../../../src/jobs/types.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';

const ID = '20261129-040000-pull-abcd';
let home: string;
let folder: string;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-output-'));
  folder = path.join(home, 'jobs', ID);
  writeSpec();
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function writeSpec(): void {
  const paths = workspacePaths(home, {});
  const work = { kind: 'pull', models: ['m'] };
  const spec = jobSpecSchema.parse({ version: 1, id: ID, name: 'n', createdAt: '2026-11-29T04:00:00.000Z', work });
  mkdirSync(path.join(paths.jobs, ID), { recursive: true });
  writeFileSync(jobFiles(folder).spec, JSON.stringify(spec));
}

/** Bytes this process has read by now, as the kernel counts them. */
const bytesRead = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);

const HUNDRED_MB = 100 * 1024 * 1024;
/** A file of 100 MB whose last lines are `end`. */
function huge(file: string, end: string): void {
  const fd = openSync(file, 'w');
  ftruncateSync(fd, HUNDRED_MB);
  closeSync(fd);
  appendFileSync(file, `\n${end}`);
}

test('coming back to a job with logs of 100 MB reads less than one of them', async () => {
  const { events, stdout } = jobFiles(folder);
  huge(events, '');
  const writer = new EventWriter(folder, 'worker');
  for (let step = 1; step <= 50; step += 1) writer.append({ type: 'metric', name: 'loss', step, value: 1 });
  huge(stdout, 'step 49\nstep 50\n');
  const before = bytesRead();
  const view = readJob(workspacePaths(home, {}), ID);
  const last = await readLastEvents(folder);
  const lines: string[] = [];
  await tailOutput(stdout, {
    signal: new AbortController().signal,
    isOver: () => true,
    onLines: (more) => lines.push(...more),
  });
  const read = bytesRead() - before;
  expect(view.spec.id).toBe(ID);
  expect(last.events).toHaveLength(50);
  expect(lines).toEqual(['step 49', 'step 50']);
  // Twice the 64 KiB of an end, and the small files.
  expect(read).toBeLessThan(512 * 1024);
});

describe('what programs print', () => {
  const abort = new AbortController();

  /** Follows a file; resolves with all lines once `isOver` says so. */
  async function lines(file: string, isOver: () => boolean, lastBytes?: number): Promise<string[]> {
    const seen: string[] = [];
    const limit = lastBytes === undefined ? {} : { lastBytes };
    await tailOutput(file, { signal: abort.signal, isOver, onLines: (more) => seen.push(...more), ...limit });
    return seen;
  }

  test('is followed by whole lines; a bar that writes over itself is many lines; the last needs no end', async () => {
    const { stdout } = jobFiles(folder);
    writeFileSync(stdout, 'one\n 10%|█\r 20%|██\r');
    let looks = 0;
    const seen = await lines(stdout, () => {
      looks += 1;
      if (looks === 2) appendFileSync(stdout, '100%|██████\nend');
      return looks >= 3;
    });
    expect(seen).toEqual(['one', ' 10%|█', ' 20%|██', '100%|██████', 'end']);
  });

  test('is cut at the front to whole lines, also where it comes too fast', async () => {
    const { stdout } = jobFiles(folder);
    writeFileSync(stdout, `${'x'.repeat(50)}\nshort\nlast\n`);
    let looks = 0;
    const seen = await lines(
      stdout,
      () => {
        looks += 1;
        if (looks === 2) appendFileSync(stdout, `${'y'.repeat(100)}\n${'z'.repeat(8)}\nnow\n`);
        return looks >= 3;
      },
      20,
    );
    expect(seen).toEqual(['short', 'last', 'zzzzzzzz', 'now']);
  });

  test('may not be there yet, and may begin anew', async () => {
    const { stderr } = jobFiles(folder);
    let looks = 0;
    const seen = await lines(stderr, () => {
      looks += 1;
      if (looks === 2) writeFileSync(stderr, 'first words\n');
      if (looks === 3) writeFileSync(stderr, 'anew\n');
      return looks >= 4;
    });
    expect(seen).toEqual(['first words', 'anew']);
  });
});

test('what ran is the spec, the commands and the configuration, without keys', () => {
  keepCommand(folder, '/opt/my env/python', ['-m', 'llamafactory.cli', 'train', 'train.yaml', "it's"]);
  keepCommand(folder, 'curl', ['-H', 'Bearer abcdefgh12345678']);
  writeFileSync(path.join(folder, 'train.yaml'), 'lora_rank: 8\n');
  writeFileSync(path.join(folder, 'rows.json'), '[]');
  const text = whatRan(readJob(workspacePaths(home, {}), ID));
  expect(text).toContain('"kind": "pull"');
  expect(text).toContain(`'/opt/my env/python' -m llamafactory.cli train train.yaml 'it'\\''s'`);
  expect(text).toContain('# train.yaml\nlora_rank: 8');
  expect(text).not.toContain('rows.json');
  expect(text).not.toContain('12345678');
  expect(shellLine(['a', '', 'b c'])).toBe("a '' 'b c'");
});
