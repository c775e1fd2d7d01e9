import { expect, test } from 'vitest';
import { languageOf } from '../../../src/kb/language.ts';

test.each([
  ['The dome was built in 1931.', 'en', 0],
  ['茶馆在早上八点开门。', 'zh', 1],
  ['GPU 加速的 Transformer 模型在训练时需要更多显存', 'zh', 16 / 30],
  ['A history of tea (茶) in England, with many pictures and a map of the gardens', 'en', 1 / 60],
])('%s → %s', (text, language, share) => {
  const guess = languageOf(text);
  expect(guess.language).toBe(language);
  expect(guess.share).toBeCloseTo(share, 1);
});

test('no letters: nothing to judge by', () => {
  expect(languageOf('12 34 -- !')).toEqual({ language: 'en', share: null });
});
