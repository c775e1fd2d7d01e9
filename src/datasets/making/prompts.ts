import type { Message } from '../../rag/types.ts';

/** All prompts by which data is made. The version is part of the lineage: change it with the words. */
export const PROMPTS_VERSION = 1;

export type PromptLanguage = 'en' | 'zh';

const chat = (system: string, user: string): Message[] => [
  { role: 'system', content: system },
  { role: 'user', content: user },
];

interface Synthesis {
  readonly system: string;
  readonly ask: (text: string, count: number) => string;
  /** A text and what is right to say of it: small models follow an example better than rules. */
  readonly example: { readonly text: string; readonly pairs: readonly { question: string; answer: string }[] };
}

const SYNTHESIS: Readonly<Record<PromptLanguage, Synthesis>> = {
  en: {
    system:
      'You write questions for a reading test. The question must be clear to somebody who does not see the text: ' +
      'name what it is about, and never say "the text" or "the passage". The answer must be copied from the text, ' +
      'character for character, as short as it can be, and must not stand in the question. ' +
      'You reply with JSON and nothing else.',
    ask: (text, count) =>
      `Text:\n"""\n${text}\n"""\n\n` +
      `Write ${count === 1 ? 'one question' : `${count} different questions`} that this text answers, with ${count === 1 ? 'its answer' : 'their answers'}, as JSON.`,
    example: {
      text: 'The Halden mill burned down in 1874. Ida Morsk had it rebuilt in brick two years later.',
      pairs: [
        { question: 'Who had the Halden mill rebuilt?', answer: 'Ida Morsk' },
        { question: 'In which year did the Halden mill burn down?', answer: '1874' },
      ],
    },
  },
  zh: {
    system:
      '你为阅读测试出题。没看到文本的人也要能明白问题在问什么：写明对象的名称，不要出现“文中”“上文”“该文本”之类的说法。' +
      '答案必须逐字摘自文本，尽量简短，并且不能出现在问题里。只回复 JSON，不要有其他内容。',
    ask: (text, count) =>
      `文本：\n"""\n${text}\n"""\n\n请写出${count === 1 ? '一个' : ` ${count} 个不同的`}可以用这段文本回答的问题及其答案，用 JSON 表示。`,
    example: {
      text: '青石桥建于一八三七年，由石匠罗万山主持修建，全长四十二米。',
      pairs: [
        { question: '青石桥由谁主持修建？', answer: '石匠罗万山' },
        { question: '青石桥全长多少米？', answer: '四十二米' },
      ],
    },
  },
};

/** Asks for questions that a text answers, as JSON. */
export function synthesisPrompt(language: PromptLanguage, text: string, count: number): Message[] {
  const { system, ask, example } = SYNTHESIS[language];
  const [first] = example.pairs;
  return [
    { role: 'system', content: system },
    { role: 'user', content: ask(example.text, Math.min(count, example.pairs.length)) },
    { role: 'assistant', content: JSON.stringify(count === 1 ? first : example.pairs) },
    { role: 'user', content: ask(text, count) },
  ];
}

const LABEL: Readonly<Record<PromptLanguage, (text: string, question: string) => Message[]>> = {
  en: (text, question) =>
    chat(
      'You answer questions with words copied from a text. You reply with JSON and nothing else.',
      `Text:\n"""\n${text}\n"""\n\nQuestion: ${question}\n\n` +
        'Copy the answer from the text, character for character, as short as it can be. ' +
        'If the text does not answer the question, the answer is "".\n' +
        'Reply: {"answer": "words copied from the text"}',
    ),
  zh: (text, question) =>
    chat(
      '你用文本中的原文回答问题。只回复 JSON，不要有其他内容。',
      `文本：\n"""\n${text}\n"""\n\n问题：${question}\n\n` +
        '请逐字摘录文本中的答案，尽量简短。如果文本没有回答这个问题，答案为 ""。\n' +
        '回复格式：{"answer": "文本中的原文"}',
    ),
};

/** Asks for the words of a text that answer a question, as JSON. */
export const labelPrompt = (language: PromptLanguage, text: string, question: string): Message[] =>
  LABEL[language](text, question);

const JUDGE: Readonly<Record<PromptLanguage, (question: string, passage: string) => Message[]>> = {
  en: (question, passage) =>
    chat(
      'You decide whether a passage answers a question. You say yes or no and nothing else.',
      `Question: ${question}\n\nPassage:\n"""\n${passage}\n"""\n\nDoes the passage contain the answer to the question? yes or no:`,
    ),
  zh: (question, passage) =>
    chat(
      '你判断一段文字能否回答一个问题。只回答“是”或“否”。',
      `问题：${question}\n\n文字：\n"""\n${passage}\n"""\n\n这段文字包含问题的答案吗？是或否：`,
    ),
};

/** Asks whether a passage answers a question: yes or no. */
export const judgePrompt = (language: PromptLanguage, question: string, passage: string): Message[] =>
  JUDGE[language](question, passage);
