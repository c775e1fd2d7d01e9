import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateTokens, fitPrompt } from '../../../src/rag/fit.ts';
import type { Message } from '../../../src/rag/types.ts';

const message = (role: Message['role'], content: string): Message => ({ role, content });
/** Characters count as tokens. */
const count = async (messages: readonly Message[]) => messages.reduce((sum, { content }) => sum + content.length, 0);
const build = (passages: readonly string[], thread: readonly Message[]) => [
  ...thread,
  message('user', `${passages.join('')}Q?`),
];
const fitted = (passages: readonly string[], budget: number, thread: readonly Message[] = []) =>
  fitPrompt({ passages, thread, build, count, budget });
const sent = (messages: readonly Message[]) => messages.map(({ content }) => content).join('|');
const turns = [
  message('user', 'old?'),
  message('assistant', 'old.'),
  message('user', 'new?'),
  message('assistant', 'new.'),
];

describe('what does not fit is left out by the rule', () => {
  test('nothing when all fits', async () => {
    expect(await fitted(['aaa', 'bbb'], 8)).toEqual({
      messages: [message('user', 'aaabbbQ?')],
      promptTokens: 8,
      cut: '',
    });
  });

  test('first the passages of the lowest rank, whole', async () => {
    const result = await fitted(['aaa', 'bbb', 'ccc'], 10);
    expect(sent(result.messages)).toBe('aaabbbQ?');
    expect(result).toMatchObject({ promptTokens: 8, cut: '1 of 3 passages left out to fit 10 tokens' });
  });

  test('then the oldest turns', async () => {
    const result = await fitted(['aaa', 'bbb'], 13, turns);
    expect(sent(result.messages)).toBe('new?|new.|aaaQ?');
    expect(result.cut).toBe('1 of 2 passages left out, 1 earlier turns left out to fit 13 tokens');
  });

  test('then the end of the last passage', async () => {
    const result = await fitted(['abcdefgh', 'bbb'], 7, turns);
    expect(sent(result.messages)).toBe('abcdeQ?');
    expect(result.cut).toBe(
      '1 of 2 passages left out, 2 earlier turns left out, the passage cut to 5 of 8 characters to fit 7 tokens',
    );
  });

  test('never half a character', async () => {
    expect(sent((await fitted(['a🙂b'], 4)).messages)).toBe('aQ?');
  });

  test('and a question that does not fit alone is refused', async () => {
    await expect(fitted(['aaa'], 1)).rejects.toMatchObject({ code: 'invalid' });
    await expect(fitted([], 1)).rejects.toMatchObject({ code: 'invalid' });
  });
});

test('what is sent always fits, and is as much as can be', async () => {
  const passages = fc.array(fc.string({ maxLength: 12 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(passages, fc.integer({ min: 2, max: 60 }), async (texts, budget) => {
      const result = await fitted(texts, budget);
      expect(result.promptTokens).toBeLessThanOrEqual(budget);
      expect(result.promptTokens).toBe(await count(result.messages));
      const kept = sent(result.messages).slice(0, -2);
      expect(texts.join('').startsWith(kept)).toBe(true);
      expect(result.cut === '').toBe(kept === texts.join(''));
    }),
  );
});

test('an estimate counts CJK by the character and is rather too high', () => {
  // SmolLM2's own counts of these messages, without the 24 tokens of its system text: 9 + 7 and 8.
  expect(estimateTokens([message('user', 'What is the capital of France?')])).toBeGreaterThanOrEqual(14);
  expect(estimateTokens([message('user', '北京在哪里')])).toBe(8 + 5);
});
