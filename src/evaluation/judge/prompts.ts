import type { ResponseFormat } from '../../models/endpoint.ts';
import type { Message } from '../../rag/types.ts';
import { hashOf } from '../plan.ts';

/** Prompts of the judge, ours. Their hash stands in every judgement; the version is raised when replies are read otherwise. */
export const JUDGE_VERSION = 2;
export const QUESTIONS = 3;
/** Between statements, as in the tutorial's evaluation. */
export const SEPARATOR = '|||';

export type PromptLanguage = 'en' | 'zh';

/** What stands in our prompts for what a judge is to write: a judge that says it back has judged nothing. */
export const PLACEHOLDERS = {
  en: {
    statements: ['first statement', 'second statement'],
    questions: ['first question', 'second question', 'third question'],
  },
  zh: { statements: ['第一条陈述', '第二条陈述'], questions: ['第一个问题', '第二个问题', '第三个问题'] },
} as const;

/** One request to a judge: what is said, and the form of the reply where the endpoint can keep to one. */
export interface JudgeRequest {
  readonly messages: readonly Message[];
  readonly format: ResponseFormat;
}

const HAN = /\p{Script=Han}/gu;

/** The language of a question: Chinese once a fifth of it is in Chinese characters. Pure. */
export const languageOf = (question: string): PromptLanguage =>
  (question.match(HAN)?.length ?? 0) > 0.2 * question.length ? 'zh' : 'en';

/** A text between marks that it cannot close by itself. */
const quoted = (text: string): string => `"""\n${text.replaceAll('"""', "'''")}\n"""`;
const numbered = (statements: readonly string[]): string => statements.map((one, i) => `${i + 1}. ${one}`).join('\n');

interface Words {
  readonly split: { readonly system: string; readonly ask: (question: string, answer: string) => string };
  readonly check: { readonly system: string; readonly ask: (text: string, statements: readonly string[]) => string };
  readonly guess: { readonly system: string; readonly ask: (answer: string) => string };
  readonly prefer: {
    readonly system: string;
    readonly ask: (question: string, passage: string, first: string, second: string) => string;
  };
}

const WORDS: Readonly<Record<PromptLanguage, Words>> = {
  en: {
    split: {
      system: 'You take an answer apart into statements. You reply with JSON and nothing else.',
      ask: (question, answer) =>
        `Question: ${question}\n\nAnswer:\n${quoted(answer)}\n\n` +
        'Write down what the answer claims, as short statements that can each be checked alone. Make whole sentences: ' +
        'take from the question what a bare answer leaves out, and put names for pronouns. Add no claim of your own. ' +
        `Put ${SEPARATOR} between two statements.\n` +
        `Reply: {"statements": "${PLACEHOLDERS.en.statements.join(` ${SEPARATOR} `)}"}`,
    },
    check: {
      system: 'You check statements against a text. You reply with JSON and nothing else.',
      ask: (text, statements) =>
        `Text:\n${quoted(text)}\n\nStatements:\n${numbered(statements)}\n\n` +
        'For each statement: 1 if the text says it or it follows directly from the text, else 0. What you know from ' +
        'elsewhere does not count.\n' +
        `Reply with ${statements.length === 1 ? 'one number' : `${statements.length} numbers, in the order of the statements`}: ` +
        `{"verdicts": [${statements.map(() => '0 or 1').join(', ')}]}`,
    },
    guess: {
      system: 'You find the questions behind an answer. You reply with JSON and nothing else.',
      ask: (answer) =>
        `Answer:\n${quoted(answer)}\n\n` +
        `Write the ${QUESTIONS} most likely questions that this was the answer to, each worded differently.\n` +
        `Reply: {"questions": [${PLACEHOLDERS.en.questions.map((one) => `"${one}"`).join(', ')}]}`,
    },
    prefer: {
      system: 'You compare two answers to a question. You reply with JSON and nothing else.',
      ask: (question, passage, first, second) =>
        `Passage:\n${quoted(passage)}\n\nQuestion: ${question}\n\nAnswer A:\n${quoted(first)}\n\nAnswer B:\n${quoted(second)}\n\n` +
        'Which answer is better? First comes whether it is right by the passage, then whether it is complete, then ' +
        'whether it keeps to the question. Neither length nor place is a merit.\n' +
        'Reply: {"better": "A"}, {"better": "B"}, or {"better": "tie"} when neither is better.',
    },
  },
  zh: {
    split: {
      system: '你把一个回答拆成若干条陈述。只回复 JSON，不要有其他内容。',
      ask: (question, answer) =>
        `问题：${question}\n\n回答：\n${quoted(answer)}\n\n` +
        '请写出这个回答所主张的内容，拆成可以单独核对的短句。每条都要是完整的句子：回答省略的成分从问题里补上，代词换成所指的名称。' +
        `不要添加回答里没有的主张。两条陈述之间用 ${SEPARATOR} 隔开。\n` +
        `回复格式：{"statements": "${PLACEHOLDERS.zh.statements.join(` ${SEPARATOR} `)}"}`,
    },
    check: {
      system: '你对照一段文字核对若干条陈述。只回复 JSON，不要有其他内容。',
      ask: (text, statements) =>
        `文字：\n${quoted(text)}\n\n陈述：\n${numbered(statements)}\n\n` +
        '对每一条陈述：文字里说了，或者由文字可以直接推出，记 1，否则记 0。你从别处知道的不算。\n' +
        `按陈述的顺序回复 ${statements.length} 个数字：{"verdicts": [${statements.map(() => '0 或 1').join(', ')}]}`,
    },
    guess: {
      system: '你由回答反推问题。只回复 JSON，不要有其他内容。',
      ask: (answer) =>
        `回答：\n${quoted(answer)}\n\n请写出这个回答最可能对应的 ${QUESTIONS} 个问题，措辞各不相同。\n` +
        `回复格式：{"questions": [${PLACEHOLDERS.zh.questions.map((one) => `"${one}"`).join(', ')}]}`,
    },
    prefer: {
      system: '你比较同一个问题的两个回答。只回复 JSON，不要有其他内容。',
      ask: (question, passage, first, second) =>
        `文段：\n${quoted(passage)}\n\n问题：${question}\n\n回答 A：\n${quoted(first)}\n\n回答 B：\n${quoted(second)}\n\n` +
        '哪个回答更好？先看按文段是否正确，再看是否完整，最后看是否切题。长短和先后都不是优点。\n' +
        '回复格式：{"better": "A"}、{"better": "B"}；分不出高下时回复 {"better": "tie"}。',
    },
  },
};

/** Asks for the statements of an answer. */
export const splitRequest = (language: PromptLanguage, question: string, answer: string): JudgeRequest => {
  const { system, ask } = WORDS[language].split;
  return request(system, ask(question, answer), 'statements', { type: 'string' });
};

/** Asks which statements a text supports: 0 or 1 each. */
export const checkRequest = (language: PromptLanguage, text: string, statements: readonly string[]): JudgeRequest => {
  const { system, ask } = WORDS[language].check;
  const [minItems, maxItems] = [statements.length, statements.length];
  return request(system, ask(text, statements), 'verdicts', {
    type: 'array',
    items: { type: 'integer', enum: [0, 1] },
    minItems,
    maxItems,
  });
};

/** Asks for the questions that an answer may be one to. */
export const guessRequest = (language: PromptLanguage, answer: string): JudgeRequest => {
  const { system, ask } = WORDS[language].guess;
  const form = { type: 'array', items: { type: 'string' }, minItems: QUESTIONS, maxItems: QUESTIONS };
  return request(system, ask(answer), 'questions', form);
};

/** Asks which of two answers is better, the first shown as A. */
export const preferRequest = (
  language: PromptLanguage,
  asked: { readonly question: string; readonly passage: string },
  first: string,
  second: string,
): JudgeRequest => {
  const { system, ask } = WORDS[language].prefer;
  return request(system, ask(asked.question, asked.passage, first, second), 'better', {
    type: 'string',
    enum: ['A', 'B', 'tie'],
  });
};

function request(system: string, user: string, field: string, form: Readonly<Record<string, unknown>>): JudgeRequest {
  const schema = { type: 'object', properties: { [field]: form }, required: [field], additionalProperties: false };
  return {
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: user },
    ],
    format: { type: 'json_schema', json_schema: { name: field, strict: true, schema } },
  };
}

/** Of all prompts in a language, with stand-ins for what is asked about. */
export const promptsHash = (language: PromptLanguage): string =>
  hashOf([
    splitRequest(language, 'QUESTION', 'ANSWER'),
    checkRequest(language, 'TEXT', ['ONE']),
    checkRequest(language, 'TEXT', ['ONE', 'TWO']),
    guessRequest(language, 'ANSWER'),
    preferRequest(language, { question: 'QUESTION', passage: 'PASSAGE' }, 'FIRST', 'SECOND'),
  ]);
