import { viewOf } from '../doctor/row-view.ts';
import { languageOf } from '../doctor/text/script.ts';
import type { DatasetRow } from '../types.ts';

/** What parts may have in the same shares. */
export const STRATA = ['answer-type', 'answer-length', 'context-length', 'language'] as const;
export type Stratum = (typeof STRATA)[number] | `field:${string}`;

/** A name as a stratum: one of ours, or `field:NAME` for a field of the metadata. Undefined for any other. */
export function stratumNamed(name: string): Stratum | undefined {
  if (name.startsWith('field:') && name.length > 'field:'.length) return `field:${name.slice('field:'.length)}`;
  return STRATA.find((one) => one === name);
}

const ANSWER_LENGTHS = [5, 10, 20, 50];
const CONTEXT_LENGTHS = [200, 500, 1000];

/** Which stratum a row is in. Lengths are in characters. */
export function stratumOf(row: DatasetRow, by: Stratum): string {
  const { answers, contexts, question } = viewOf(row);
  const answer = answers[0]?.text.trim() ?? '';
  switch (by) {
    case 'answer-type':
      return answerType(answer);
    case 'answer-length':
      return bucket(answer.length, ANSWER_LENGTHS);
    case 'context-length':
      return bucket(contexts[0]?.length ?? question.length, CONTEXT_LENGTHS);
    case 'language':
      return languageOf(question);
    default:
      return String(('metadata' in row && row.metadata[by.slice('field:'.length)]) || 'none');
  }
}

/** `5-9`, `50+`. */
function bucket(length: number, bounds: readonly number[]): string {
  const at = bounds.findIndex((bound) => length < bound);
  const from = at < 0 ? (bounds.at(-1) ?? 0) : (bounds[at - 1] ?? 0);
  return at < 0 ? `${from}+` : `${from}-${(bounds[at] ?? 0) - 1}`;
}

const YES_NO = /^(?:yes|no|true|false|是|否|不是|有|没有|对|不对)[.。!！]?$/i;
const DATE =
  /^[^\d]{0,12}(?:\d{2,4}\s*年(?:\s*\d{1,2}\s*月)?(?:\s*\d{1,2}\s*[日号])?|\d{1,2}\s*月(?:\s*\d{1,2}\s*[日号])?|(?:19|20)\d{2}(?:[-/.]\d{1,2}){0,2}|(?:january|february|march|april|may|june|july|august|september|october|november|december)\b.{0,14}\d)[^\d]{0,4}$/i;

/** What kind of answer it is: yes or no, a date, a number, a phrase or a sentence. */
function answerType(answer: string): string {
  if (answer === '') return 'none';
  if (YES_NO.test(answer)) return 'yes-no';
  if (DATE.test(answer)) return 'date';
  const digits = answer.match(/\d/g)?.length ?? 0;
  if (digits * 3 >= answer.length) return 'number';
  return answer.length > 40 || /[。！？!?；;]|\.(?:\s|$)/.test(answer) ? 'sentence' : 'phrase';
}
