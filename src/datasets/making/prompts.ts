import type { Message } from '../../rag/types.ts';

/** All prompts by which data is made. The version is part of the lineage: change it with the words. */
export const PROMPTS_VERSION = 1;

export type PromptLanguage = 'en' | 'zh';

const chat = (system: string, user: string): Message[] => [
  { role: 'system', content: system },
  { role: 'user', content: user },
];

const SYNTHESIS: Readonly<Record<PromptLanguage, (text: string, count: number) => Message[]>> = {
  en: (text, count) =>
    chat(
      'You write questions for a reading test. You reply with JSON and nothing else.',
      `Text:\n"""\n${text}\n"""\n\n` +
        `Write ${count === 1 ? 'one question' : `${count} different questions`} that this text answers.\n` +
        'Rules:\n' +
        '- The question must be clear to somebody who does not see the text: name what it is about, and never say "the text" or "the passage".\n' +
        '- The answer must be copied from the text, character for character, and as short as it can be.\n' +
        '- The answer must not stand in the question.\n' +
        `Reply: ${example(count, 'question', 'words copied from the text')}`,
    ),
  zh: (text, count) =>
    chat(
      '你为阅读测试出题。只回复 JSON，不要有其他内容。',
      `文本：\n"""\n${text}\n"""\n\n` +
        `请写出${count === 1 ? '一个' : `${count} 个不同的`}可以用上面文本回答的问题。\n` +
        '要求：\n' +
        '- 没看到文本的人也能明白问题在问什么：写明对象的名称，不要出现“文中”“上文”“该文本”之类的说法。\n' +
        '- 答案必须逐字摘自文本，并尽量简短。\n' +
        '- 问题里不能出现答案。\n' +
        `回复格式：${example(count, '问题', '文本中的原文')}`,
    ),
};

function example(count: number, question: string, answer: string): string {
  const one = `{"question": "${question}", "answer": "${answer}"}`;
  return count === 1 ? one : `[${one}, …]`;
}

/** Asks for questions that a text answers, as JSON. */
export const synthesisPrompt = (language: PromptLanguage, text: string, count: number): Message[] =>
  SYNTHESIS[language](text, count);

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
