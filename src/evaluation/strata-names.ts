/** Characters up to which an answer is short, and above which it is long. */
export const SHORT = 20;
export const LONG = 80;

export const ANSWER_TYPES = ['yes-no', 'number', 'words'] as const;
export type AnswerType = (typeof ANSWER_TYPES)[number];

/** Characters of a text, by code points. */
export const lengthOf = (text: string): number => [...text].length;

/** Yes or no, an answer with a number in it, or words alone. Pure. */
export function answerType(answer: string): AnswerType {
  if (/^(?:yes|no|true|false|是|否|不是|对|不对)[.。!！]?$/i.test(answer.trim())) return 'yes-no';
  return /[0-9０-９]/.test(answer) ? 'number' : 'words';
}
