import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { sftPrompt } from '../../../src/datasets/render.ts';
import type { Message } from '../../../src/rag/types.ts';
import { ExampleReader, type TrainingExample } from '../../../src/training/readers/training-example.ts';
import type { ServingChat } from '../../../src/training/serving-chat.ts';
import { checkTemplate } from '../../../src/training/template-check.ts';
import { checkReport } from '../../../src/training/template-report.ts';

const recorded = readFileSync(path.join(import.meta.dirname, 'recorded', 'llamafactory-stdout.txt'), 'utf8');

function readExample(text: string): TrainingExample | undefined {
  const reader = new ExampleReader();
  for (const line of text.split('\n')) reader.push(line);
  return reader.found;
}
const example = readExample(recorded) as TrainingExample;

const context =
  'Other gains and losses consisted of a net loss of $1.5 billion for fiscal 2023, primarily consisting of net losses associated with the fair value changes of our equity and other investments, a gain of $0.4 billion recognized on the sale of our remaining equity method investment in Brazil, and a $0.2 billion dividend from one of our investments.';
const question =
  'What was the net loss reported in the other gains and losses section for fiscal 2023 and how did it mainly occur?';
const answer =
  'The net loss reported in the other gains and losses section for fiscal 2023 was $1.5 billion, primarily consisting of net losses associated with the fair value changes of equity and other investments, a gain recognized on the sale of an equity method investment in Brazil, and a dividend from an investment.';
const system = 'You are a helpful assistant.';
const row: Message[] = [
  { role: 'system', content: system },
  { role: 'user', content: sftPrompt(context, question) },
  { role: 'assistant', content: answer },
];

// The texts between control tokens with the ids that SmolLM2's tokenizer gave them in the recorded run (1 and 2 are
// <|im_start|> and <|im_end|>): enough of a tokenizer to serve this very row, made by the engine and not by us.
const START = 1;
const END = 2;
const pieces = new Map<string, readonly number[]>();
const texts = [`system\n${system}`, '\n', `user\n${sftPrompt(context, question)}`, 'assistant\n', answer];
{
  const { ids } = example;
  const end = (from: number) => ids.indexOf(END, from);
  const asked = ids.indexOf(START, 1);
  const answered = ids.indexOf(START, asked + 1);
  pieces.set(texts[0] ?? '', ids.slice(1, end(0)));
  pieces.set('\n', [198]);
  pieces.set(texts[2] ?? '', ids.slice(asked + 1, end(asked)));
  pieces.set('assistant\n', [520, 9531, 198]);
  pieces.set('assistant', [520, 9531]);
  pieces.set(`assistant\n${answer}`, ids.slice(answered + 1, end(answered)));
  pieces.set(`assistant${answer}`, [520, 9531, ...ids.slice(answered + 4, end(answered))]);
  pieces.set(answer, ids.slice(answered + 4, end(answered)));
  pieces.set('system\nYou are another.', [9690, 198, 2683, 359, 1303, 30]);
}
const idsOf = (text: string): number[] =>
  text.split(/(<\|im_(?:start|end)\|>)/).flatMap((part) => {
    if (part === '') return [];
    if (part === '<|im_start|>') return START;
    if (part === '<|im_end|>') return END;
    const known = pieces.get(part);
    if (!known) throw new Error(`not in the recorded run: ${JSON.stringify(part)}`);
    return [...known];
  });
const decode = (ids: readonly number[]): string =>
  ids.map((id) => (id === START ? '<|im_start|>' : id === END ? '<|im_end|>' : id === 198 ? '\n' : `[${id}]`)).join('');

interface Format {
  readonly system?: string;
  readonly afterQuestion?: string;
  readonly open?: string;
  readonly close?: string;
}

/** ChatML as the model is served with it, but for what `format` says. */
function served(format: Format = {}): ServingChat {
  const { afterQuestion = '\n', open = 'assistant\n', close = '<|im_end|>\n' } = format;
  const write = (messages: readonly Message[]) => {
    const said = format.system ?? messages[0]?.content;
    return `<|im_start|>system\n${said}<|im_end|>\n<|im_start|>user\n${messages[1]?.content}<|im_end|>${afterQuestion}<|im_start|>${open}`;
  };
  const rendered = (text: string) => ({ text, ids: idsOf(text) });
  return {
    name: 'transformers',
    prompt: (messages) => rendered(write(messages)),
    whole: (messages) => rendered(`${write(messages)}${messages[2]?.content}${close}`),
    plain: (text) => idsOf(text),
    decode,
    stops: new Set([END]),
  };
}

const check = (side: ServingChat, changed: TrainingExample = example, cutoff = 512) =>
  checkTemplate(changed, [row], side, { cutoff });

describe('the example a training prints', () => {
  it('is read from a recorded log, its text over several lines', () => {
    expect(example.ids).toHaveLength(235);
    expect(example.labels.filter((label) => label === -100)).toHaveLength(170);
    expect(example.text).toMatch(
      /^<\|im_start\|>system\n[\s\S]*occur\?\n<\|im_end\|>\n<\|im_start\|>assistant\nThe net/,
    );
  });

  it('is read whatever its text says, and only when it is whole', () => {
    const tricky =
      'training example:\ninput_ids:\n[1, 5, 2]\ninputs:\nlabel_ids:\n[9]\nx\nlabel_ids:\n[-100, 5, 2]\nlabels:\n';
    expect(readExample(tricky)).toEqual({ ids: [1, 5, 2], labels: [-100, 5, 2], text: 'label_ids:\n[9]\nx' });
    expect(readExample(tricky.slice(0, 60))).toBeUndefined();
    const ranking = tricky.replaceAll(/^(input_ids|inputs|label_ids|labels):/gm, 'chosen_$1:');
    expect(readExample(ranking)?.labels).toEqual([-100, 5, 2]);
  });
});

describe('the template check', () => {
  it('finds the recorded training the same as the model is served', () => {
    expect(check(served())).toEqual({
      verdict: 'same',
      side: 'transformers',
      promptTokens: 170,
      targetTokens: 65,
      cut: false,
    });
  });

  it('finds the row among others by what it says', () => {
    const other: Message[] = [
      row[0] as Message,
      { role: 'user', content: 'Who?' },
      { role: 'assistant', content: 'Me.' },
    ];
    expect(checkTemplate(example, [other, other, row], served(), { cutoff: 512 })?.verdict).toBe('same');
  });

  it.each<[string, Format, string, number]>([
    ['a missing line end after the question', { afterQuestion: '' }, 'prompt', 165],
    ['another system text', { system: 'You are another.' }, 'prompt', 5],
    ['a missing line end before the answer', { open: 'assistant' }, 'prompt', 169],
    ['an answer that ends twice', { close: '<|im_end|><|im_end|>\n' }, 'answer', 234],
  ])('finds %s, with the place', (_, format, part, at) => {
    const found = check(served(format));
    expect(found).toMatchObject({ verdict: 'different', difference: { part, at } });
  });

  it.each([
    ['learns a second end', [...example.ids, END], 'different'],
    ['learns no end at all', example.ids.slice(0, -2), 'different'],
    ['leaves out the line end after the end, which is never asked for', example.ids.slice(0, -1), 'same'],
  ])('judges a training that %s', (_, ids, verdict) => {
    const labels = [...example.labels, END].slice(0, ids.length);
    expect(check(served(), { ...example, ids, labels })?.verdict).toBe(verdict);
  });

  it('compares the beginning of a row that was cut off, and says so', () => {
    // As the engine cuts: what is learnt stays, the prompt loses its end.
    const ids = [...example.ids.slice(0, 100), ...example.ids.slice(170)];
    const labels = [...example.labels.slice(0, 100), ...example.labels.slice(170)];
    const cut = { ...example, ids, labels };
    expect(check(served(), cut, 165)).toMatchObject({ verdict: 'same', cut: true });
    expect(check(served({ system: 'You are another.' }), cut, 165)).toMatchObject({ verdict: 'different', cut: true });
  });

  it('finds the row inside what was packed together', () => {
    const ids = [7, 7, ...example.ids, 9];
    const packed = { ...example, ids, labels: ids };
    expect(checkTemplate(packed, [row], served(), { cutoff: 512, packed: true })?.verdict).toBe('same');
    const side = served({ afterQuestion: '' });
    expect(checkTemplate(packed, [row], side, { cutoff: 512, packed: true })?.verdict).toBe('different');
  });

  it('shows both side by side', () => {
    const side = served({ afterQuestion: '' });
    const found = check(side);
    const report = found ? checkReport(found, 'smollm2', side) : '';
    expect(report).toMatch(/DIFFERENT in the prompt, first at token 165/);
    expect(report).toMatch(/^≠ +165 {2}198 "\\n" +1 "<\|im_start\|>"$/m);
    expect(report).toMatch(/===== trained on =====\n<\|im_start\|>[\s\S]*===== served =====\n<\|im_start\|>/);
  });
});
