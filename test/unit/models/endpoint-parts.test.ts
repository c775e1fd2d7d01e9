import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costOf } from '../../../src/models/endpoint-cost.ts';
import { KeyMask } from '../../../src/models/endpoint-mask.ts';
import { dialectOf, PRESETS, presetOfUrl } from '../../../src/models/presets.ts';
import { endpointSchema } from '../../../src/models/types.ts';

describe('the mask over our own key', () => {
  const KEY = 'sk-abab-0123456789';
  const through = (pieces: readonly string[], key: string | undefined = KEY): string => {
    const mask = new KeyMask(key);
    return pieces.map((piece) => mask.push(piece)).join('') + mask.end();
  };

  test('takes it out wherever the pieces are cut', () => {
    const text = `${KEY} before ${KEY}${KEY} sk-abab-01234 and sk-ababab-0123456789 after ${KEY}`;
    const expected = text.replaceAll(KEY, '[key]');
    for (let one = 0; one <= text.length; one += 1) {
      for (let two = one; two <= text.length; two += 3) {
        const result = through([text.slice(0, one), text.slice(one, two), text.slice(two)]);
        // What may be seen of a cut key is its public beginning.
        expect(result.replace(/sk-?(?=\[key\])|s(?=\[key\])/g, '')).toBe(expected);
        expect(result).not.toContain(KEY);
      }
    }
  });

  test('changes no other text, and loses none', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('s', 'sk', '-', 'ab', 'sk-ab', 'sk-abab', '0123', ' ', '漢')), (pieces) => {
        const text = pieces.join('');
        if (!text.includes(KEY)) expect(through(pieces)).toBe(text);
      }),
    );
    expect(through(['a', 'b'], undefined)).toBe('ab');
    expect(through(['short'], 'short')).toBe('short');
  });

  test('holds back no ordinary word', () => {
    const mask = new KeyMask(KEY);
    expect(mask.push('yes')).toBe('yes');
    expect(mask.push(' is')).toBe(' is');
  });
});

describe('cost', () => {
  const prices = { input: 2, output: 8, currency: 'USD' };
  test('is per million tokens', () => {
    const cost = costOf(prices, { promptTokens: 1_000_000, completionTokens: 500_000 });
    expect(cost).toEqual({ amount: 6, currency: 'USD' });
  });
  test('takes cached prompt tokens at their own price, where one is set', () => {
    const usage = { promptTokens: 1000, completionTokens: 0, cachedTokens: 600 };
    expect(costOf(prices, usage)?.amount).toBeCloseTo(0.002, 12);
    // 400 at 2 and 600 at 0.5 per million.
    expect(costOf({ ...prices, cachedInput: 0.5 }, usage)?.amount).toBeCloseTo(0.0011, 12);
  });
  test('is unknown without prices', () =>
    expect(costOf(undefined, { promptTokens: 1, completionTokens: 1 })).toBeNull());
});

describe('presets', () => {
  test('have ids of their own and addresses an endpoint can have; no hosted one is unencrypted', () => {
    expect(new Set(PRESETS.map(({ id }) => id)).size).toBe(PRESETS.length);
    for (const { id, url, local, keyEnv } of PRESETS) {
      endpointSchema.parse({ name: id, kind: 'chat', url, model: 'm', preset: id });
      expect([id, new URL(url).protocol, keyEnv !== undefined]).toEqual([id, local ? 'http:' : 'https:', !local]);
    }
  });
  test('are recognised by their host; what an endpoint says itself comes first', () => {
    expect(presetOfUrl('https://api.deepseek.com')?.id).toBe('deepseek');
    expect(presetOfUrl('http://127.0.0.1:8000/v1')).toBeUndefined();
    expect(dialectOf({ preset: 'openai' }).maxTokensField).toBe('max_completion_tokens');
    const dialect = { omit: [], maxTokensField: 'max_tokens' as const };
    expect(dialectOf({ preset: 'openai', dialect })).toBe(dialect);
  });
});
