import { parseJsonReply } from '../../datasets/making/parse-reply.ts';
import { PLACEHOLDERS, SEPARATOR } from './prompts.ts';
import type { Preferred } from './types.ts';

/** More than an answer to one question can claim: a model that goes on without end. */
const MOST_STATEMENTS = 60;

/**
 * The statements of an answer: between "|||", or a list; no empty ones. Undefined for what is neither, and for what our prompt
 * says in their place: a small model says it back. Pure.
 */
export function readStatements(reply: string): string[] | undefined {
  const text = spoken(reply);
  const value = fieldOf(parseJsonReply(text), /^(statements?|陈述)$/i);
  const pieces =
    typeof value === 'string'
      ? value.split(SEPARATOR)
      : Array.isArray(value) && value.every(isText)
        ? value.flatMap((one) => one.split(SEPARATOR))
        : // A model that writes no JSON.
          value === undefined && text.includes(SEPARATOR) && !/[{[]/.test(text)
          ? text.split(SEPARATOR)
          : [];
  const statements = pieces.map((one) => one.trim()).filter((one) => one !== '');
  const some = statements.length > 0 && statements.length <= MOST_STATEMENTS;
  return some && !statements.some(isPlaceholder) ? statements : undefined;
}

/** `count` verdicts in the order of the statements; undefined when they are not all there. Pure. */
export function readVerdicts(reply: string, count: number): (0 | 1)[] | undefined {
  const parsed = parseJsonReply(spoken(reply));
  const value = Array.isArray(parsed) ? parsed : fieldOf(parsed, /^(verdicts?|scores?|判断|结果)$/i);
  const list: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  const verdicts = list.flatMap((one) => verdictOf(one) ?? []);
  return verdicts.length === count && list.length === count ? verdicts : undefined;
}

/** As many questions as were asked for; undefined when they are fewer, or what our prompt says in their place. Pure. */
export function readGuesses(reply: string, count: number): string[] | undefined {
  const parsed = parseJsonReply(spoken(reply));
  const value = Array.isArray(parsed) ? parsed : fieldOf(parsed, /^(questions?|问题)$/i);
  if (!Array.isArray(value)) return undefined;
  const questions = value.filter(isText).map((one) => one.trim());
  const wrong = questions.length < count || questions.some((one) => one === '' || isPlaceholder(one));
  return wrong ? undefined : questions.slice(0, count);
}

const BARE = /^(?:answer |回答 ?|答案 ?)?(a|b|tie|平局|平手)$/i;

/** Which of two answers a judge prefers; undefined when it does not say so. Prose is not searched for letters. Pure. */
export function readPreferred(reply: string): Preferred | undefined {
  const text = spoken(reply);
  const value = fieldOf(parseJsonReply(text), /^(better|winner|preferred|更好)$/i);
  const said = typeof value === 'string' ? value : value === undefined ? text.replace(/^\[\[(.*)\]\]$/s, '$1') : '';
  const word = BARE.exec(said.trim().replace(/[.。!！"“”*]/g, ''))?.[1]?.toLowerCase();
  if (word === undefined) return undefined;
  return word === 'a' ? 'first' : word === 'b' ? 'second' : 'tie';
}

const SAID_BACK: ReadonlySet<string> = new Set(
  Object.values(PLACEHOLDERS).flatMap(({ statements, questions }) => [...statements, ...questions]),
);
const isPlaceholder = (text: string): boolean => SAID_BACK.has(text.toLowerCase().replace(/[.?!。？！]+$/, ''));

const isText = (value: unknown): value is string => typeof value === 'string';

/** What a model says after it has thought; nothing while it still thinks. */
function spoken(reply: string): string {
  const end = reply.lastIndexOf('</think>');
  if (end >= 0) return reply.slice(end + '</think>'.length).trim();
  return /^\s*<think>/.test(reply) ? '' : reply.trim();
}

function fieldOf(value: unknown, name: RegExp): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value).find(([key]) => name.test(key))?.[1];
}

function verdictOf(value: unknown): 0 | 1 | undefined {
  if (value === 1 || value === true) return 1;
  if (value === 0 || value === false) return 0;
  if (typeof value === 'string') {
    if (/^(1|yes|true|是)$/i.test(value.trim())) return 1;
    return /^(0|no|false|否)$/i.test(value.trim()) ? 0 : undefined;
  }
  const inside = fieldOf(value, /^(verdict|score|判断|分数)$/i);
  return inside === undefined ? undefined : verdictOf(inside);
}
