import { describe, expect, it } from 'vitest';
import { trainingFault } from '../../../src/training/failures.ts';

const fault = (
  stderr: string,
  exit: { code: number | null; signal: NodeJS.Signals | null } = { code: 1, signal: null },
) => trainingFault('LLaMA-Factory', exit, stderr);

// Last lines as the engines print them.
const CASES: readonly (readonly [string, string, RegExp])[] = [
  ['torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.', 'unavailable', /ran out of memory/],
  [
    "RuntimeError: [enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory",
    'unavailable',
    /ran out of memory/,
  ],
  ["ValueError: Some keys are not used by the HfArgumentParser: ['lora_rnk']", 'usage', /does not know/],
  [
    "ValueError: Some specified arguments are not used by the HfArgumentParser: ['--max_stepz', '3']",
    'usage',
    /does not know/,
  ],
  ['RuntimeError: Cannot find valid samples, check `data/README.md` for the data format.', 'invalid', /no usable rows/],
  ['OSError: [Errno 28] No space left on device', 'disk-full', /disk is full/],
  ["ModuleNotFoundError: No module named 'llamafactory'", 'unavailable', /environment is broken/],
  ['ValueError: Template smollm9 does not exist.', 'usage', /template/],
];

describe('why a training failed', () => {
  it.each(CASES)('%s', (line, code, message) => {
    const error = fault(`  File "x.py", line 3, in f\n    raise\n${line}\n`);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(line.slice(0, 40));
    expect(error.hint).not.toBe('');
  });

  it('says of a kill from outside that it was most likely memory', () => {
    expect(fault('', { code: null, signal: 'SIGKILL' }).message).toMatch(/killed from outside/);
  });

  it('quotes the exception of what nobody has seen', () => {
    expect(fault('Traceback:\nKeyError: 7\n 50%|##   |').message).toBe(
      'LLaMA-Factory ended with exit code 1: KeyError: 7.',
    );
  });
});
