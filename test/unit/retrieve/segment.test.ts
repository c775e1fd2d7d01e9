import { describe, expect, it } from 'vitest';
import { segment, tokenize } from '../../../src/kb/retrieve/segment.ts';

const query = (text: string) => tokenize(text, 'query').map((token) => token.text);

describe('segmentation', () => {
  // Expected tokens by hand.
  it.each([
    ['北京大学', '北京 京大 大学 学'],
    ['Hello, World!', 'hello world'],
    ['ＡＢＣ１２３', 'abc123'],
    ['Café Müller', 'cafe muller'],
    ['2020年发布', '2020 年发 发布 布'],
    ['使用GPU训练', '使用 用 gpu 训练 练'],
    ['我', '我'],
    ['「引用」，完。', '引用 用 完'],
    ['カタカナー', 'カタ タカ カナ ナー ー'],
    ['ｶﾞ', 'ガ'],
    ['한국어', '한국 국어 어'],
    ['a\u0000b\u001b[31m', 'a b 31m'],
    ['😀', ''],
    ['', ''],
  ])('cuts %j', (text, expected) => {
    expect(segment(text)).toBe(expected);
  });

  it('gives a query the pairs of a document, without its last characters', () => {
    expect(query('北京大学')).toEqual(['北京', '京大', '大学']);
    expect(query('国')).toEqual(['国']);
  });

  it('keeps supplementary characters whole', () => {
    expect(segment('𠮷野家')).toBe('𠮷野 野家 家');
  });
});
