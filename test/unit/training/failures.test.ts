import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDivergence } from '../../../src/training/failures/divergence.ts';
import { trainingFault } from '../../../src/training/failures/fault.ts';
import { readFailure } from '../../../src/training/failures/read.ts';
import { failureSchema } from '../../../src/training/failures/types.ts';
import { FAILURE_SAMPLES } from '../../support/failure-samples.ts';

const ENDED = { code: 1, signal: null } as const;

describe('why a training failed, by texts that were seen', () => {
  it.each(FAILURE_SAMPLES)('$name', ({ text, signal, kind, rank, memory, line }) => {
    const failure = readFailure('LLaMA-Factory', signal ? { code: null, signal } : ENDED, text);
    expect([failure.kind, failure.rank]).toEqual([kind, rank]);
    if (memory) expect(failure.memory).toMatchObject(memory);
    if (text !== '') expect(failure.lines.some((one) => line.test(one))).toBe(true);
    expect(failure.lines.length).toBeLessThanOrEqual(5);
    expect(failure.hint).not.toBe('');
    expect(failureSchema.parse(failure)).toEqual(failure);
  });

  it('gives some cause wherever the text is cut, and none of a text that says nothing', () => {
    for (const { text } of FAILURE_SAMPLES) {
      const bytes = Buffer.from(text);
      for (let at = 0; at <= bytes.length; at += 1) {
        const failure = readFailure('LLaMA-Factory', ENDED, bytes.subarray(at).toString('utf8'));
        expect(failure.lines.length).toBeLessThanOrEqual(5);
        expect(failure.message).toMatch(/LLaMA-Factory/);
      }
    }
    expect(readFailure('LLaMA-Factory', ENDED, '')).toMatchObject({
      kind: 'unknown',
      message: 'LLaMA-Factory ended with exit code 1.',
      lines: [],
    });
  });
});

// Output of the real engines that were made to fail on purpose (docs/forecast.md tells how), without its paths.
const RECORDED = path.join(import.meta.dirname, 'recorded', 'failures');
const EXPECTED: Readonly<Record<string, readonly [kind: string, line: RegExp]>> = {
  'llamafactory-badjson.txt': ['data', /JSON parse error/],
  'llamafactory-column.txt': ['data', /KeyError: 'instruction'/],
  'llamafactory-corrupt.txt': ['base', /incomplete metadata/],
  'llamafactory-disk.txt': ['disk', /No space left on device/],
  'llamafactory-hub.txt': ['network', /couldn't connect to/],
  'llamafactory-dataset.txt': ['data', /Undefined dataset nope/],
  'llamafactory-nofile.txt': ['data', /gone\.jsonl not found/],
  'llamafactory-target.txt': ['setting', /Target modules .* not found/],
  'llamafactory-token.txt': ['base', /JSONDecodeError/],
  'llamafactory-template.txt': ['template', /Template smollm9 does not exist/],
  'llamafactory-unknown.txt': ['setting', /lora_rnk/],
};

describe('why the real engines failed', () => {
  it('is known for every recorded output', () => {
    expect(readdirSync(RECORDED).sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  it.each(Object.entries(EXPECTED))('%s', (name, [kind, line]) => {
    const bytes = readFileSync(path.join(RECORDED, name));
    const failure = readFailure('LLaMA-Factory', ENDED, bytes.toString('utf8'));
    expect(failure.kind).toBe(kind);
    expect(failure.lines.find((one) => line.test(one))).toBeDefined();
    // The end of a log is all that is read: its start may be cut anywhere above the line that tells.
    for (let at = 0; at < bytes.length - 2000; at += 17) {
      expect(readFailure('LLaMA-Factory', ENDED, bytes.subarray(at).toString('utf8')).kind).toBe(kind);
    }
  });
});

describe('a warning', () => {
  const warning = 'UserWarning: bitsandbytes requires CUDA 12 but none was found; pip install bitsandbytes';

  it('before the traceback is not taken for the cause', () => {
    const text = `${warning}\nTraceback (most recent call last):\n  File "x.py", line 1\nValueError: Loss is nan, stopping training`;
    expect(readFailure('x', ENDED, text)).toMatchObject({
      kind: 'diverged',
      lines: [expect.stringMatching(/Loss is nan/)],
    });
  });

  it('is all there is when nothing else was said', () => {
    expect(readFailure('x', ENDED, warning).kind).toBe('version');
  });
});

describe('a kill', () => {
  it('was most likely memory, and certainly when the kernel counted one', () => {
    const end = { code: null, signal: 'SIGKILL' } as const;
    expect(trainingFault('LLaMA-Factory', end, '').message).toMatch(/killed from outside/);
    const certain = readFailure('LLaMA-Factory', { ...end, oomKilled: true }, '');
    expect(certain).toMatchObject({ kind: 'memory', message: expect.stringMatching(/memory ran out/) });
  });

  it('does not hide an out-of-memory that was printed before', () => {
    const text = "RuntimeError: DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.";
    expect(readFailure('x', { code: null, signal: 'SIGKILL' }, text).kind).toBe('memory');
  });
});

describe('a training that diverged', () => {
  const line = (loss: string, norm: string) => `{'loss': '${loss}', 'grad_norm': '${norm}', 'epoch': '1'}`;

  it('is one whose last steps have no numbers', () => {
    const text = [line('2.1', '0.5'), line('nan', 'nan'), line('0', 'nan'), line('0', 'inf')].join('\n');
    expect(readDivergence('LLaMA-Factory', text)).toMatchObject({ kind: 'diverged', lines: { length: 3 } });
  });

  it('is not one with a bad batch, or one that ended well', () => {
    expect(readDivergence('x', [line('nan', 'nan'), line('1', '1'), line('1', 'nan')].join('\n'))).toBeUndefined();
    expect(readDivergence('x', [line('1', '1'), line('1', '1'), line('1', '1')].join('\n'))).toBeUndefined();
    expect(readDivergence('x', '')).toBeUndefined();
  });
});
