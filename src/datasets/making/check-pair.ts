import { languageOf } from '../../kb/language.ts';
import { fold } from '../doctor/text/fold.ts';
import type { SeenTexts } from '../near-duplicates.ts';
import { type Grounded, groundAnswer } from './ground.ts';
import type { QuestionAnswer } from './parse-reply.ts';

/** Why a question was not taken. */
export const REJECTIONS = [
  'unreadable',
  'cut-off',
  'no-question',
  'refers-to-text',
  'other-language',
  'no-answer',
  'not-in-chunk',
  'answer-too-long',
  'answer-in-question',
  'duplicate',
  'request-failed',
] as const;
export type Rejection = (typeof REJECTIONS)[number];

/** Answers are copied spans, not half of the chunk. */
const LONGEST_SHARE = 0.6;
const LONGEST_ANSWER = 400;
const SHORTEST_QUESTION = 6;
const SHORTEST_QUESTION_HAN = 4;

/** Words by which a question points at a text that its reader does not see. */
const POINTS =
  /\b(?:the|this|that|above|given|following)\s+(?:text|passage|paragraph|context|document|article|excerpt|section|chunk)\b|according to the (?:text|passage|author)|mentioned (?:above|in the)|[文本段]中|上文|下文|本文|该文|这段|文章|文本|文段|材料中|上述/i;

export type Checked =
  | { readonly ok: true; readonly question: string; readonly grounded: Exclude<Grounded, { kind: 'missing' }> }
  | { readonly ok: false; readonly why: Rejection; readonly detail: string };

const no = (why: Rejection, detail = ''): Checked => ({ ok: false, why, detail });

/** Whether a question with its answer may go into a dataset: clear by itself, answered by the chunk's own words, new. */
export function checkPair({ question: asked, answer }: QuestionAnswer, chunk: string, seen: SeenTexts): Checked {
  const question = asked.replace(/\s+/g, ' ').trim();
  const chinese = languageOf(chunk).language === 'zh';
  if (question.length < (chinese ? SHORTEST_QUESTION_HAN : SHORTEST_QUESTION)) return no('no-question', question);
  const pointing = POINTS.exec(question);
  if (pointing) return no('refers-to-text', pointing[0]);
  if (chinese !== (languageOf(question).language === 'zh')) return no('other-language');
  if (answer.trim() === '') return no('no-answer');
  const grounded = groundAnswer(chunk, answer);
  if (grounded.kind === 'missing') return no('not-in-chunk');
  const { length } = grounded.answer;
  if (length > LONGEST_ANSWER || length > LONGEST_SHARE * chunk.length) return no('answer-too-long', `${length}`);
  if (fold(question).includes(fold(grounded.answer))) return no('answer-in-question', grounded.answer);
  const near = seen.near(question);
  if (near) return no('duplicate', near.text);
  return { ok: true, question, grounded };
}
