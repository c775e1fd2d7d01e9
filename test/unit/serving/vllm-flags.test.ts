import { describe, expect, test } from 'vitest';
import { checkFlags, parseFlags, shellWords } from '../../../src/serving/vllm/flags.ts';

describe('flags for vLLM', () => {
  test('are read as people write them', () => {
    expect(
      parseFlags(['seed=3', 'enforce_eager'], ['--max-logprobs', '5', '--no-enable-prefix-caching', '--a=b=c']),
    ).toEqual([
      { name: 'seed', value: '3' },
      { name: 'enforce-eager', value: null },
      { name: 'max-logprobs', value: '5' },
      { name: 'no-enable-prefix-caching', value: null },
      { name: 'a', value: 'b=c' },
    ]);
    expect(() => parseFlags([], ['5'])).toThrow(/belongs to no flag/);
  });

  test('of one line are cut as a shell cuts them', () => {
    expect(shellWords(` --seed 3  --hf-overrides '{"a": "b c"}' --x="d \\" e" ''`)).toEqual([
      '--seed',
      '3',
      '--hf-overrides',
      '{"a": "b c"}',
      '--x=d " e',
      '',
    ]);
    expect(() => shellWords("--a 'b")).toThrow(/stays open/);
  });

  const check = (text: string, version?: string) => checkFlags(parseFlags([text]), version);

  test('vLLM does not have are refused, with the nearest name', () => {
    expect(() => check('max-logprob=5')).toThrow(
      expect.objectContaining({ code: 'usage', hint: 'Did you mean --max-logprobs?' }),
    );
    expect(() => check('swap-space=4')).toThrow(/has no flag --swap-space/);
    expect(() => check('seed')).toThrow(/needs a value/);
    expect(() => check('enable-dbo=1')).toThrow(/takes no value/);
    for (const good of ['seed=3', 'no-enable-prefix-caching', 'kv-cache-dtype=fp8'])
      expect(() => check(good)).not.toThrow();
    // Another version may have it.
    expect(() => check('swap-space=4', '0.33.0')).not.toThrow();
  });

  test('that are ours to say are refused in any version, with what to do instead', () => {
    for (const name of ['host', 'port', 'api-key', 'uds', 'config', 'ssl-keyfile', 'middleware']) {
      expect(() => check(`${name}=x`, '9.9')).toThrow(/not passed on/);
    }
    expect(() => check('api-key=secret')).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/environment/) }),
    );
    expect(() => check('no-enable-lora')).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/--no-lora/) }),
    );
  });
});
