import { closingOf } from './augment/json-levels.ts';

/**
 * The JSON value in what an LLM said: in a code fence or among other words, with the usual faults mended (trailing
 * commas, typographic or single quotes, line breaks inside strings, an end that is missing). Undefined when there is none.
 */
export function parseJsonReply(text: string): unknown {
  const fenced = /```(?:json)?\s*([\s\S]*?)(?:```|$)/i.exec(text)?.[1];
  for (const candidate of [text, ...(fenced === undefined ? [] : [fenced])]) {
    const start = candidate.search(/[{[]/);
    if (start < 0) continue;
    const whole = candidate.slice(start, closingOf(candidate, start) ?? candidate.length);
    for (const tried of [whole, mended(whole), closed(mended(whole))]) {
      const value = parse(tried);
      if (value !== undefined) return value;
    }
  }
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function mended(text: string): string {
  const plain = text.includes('"') ? text : text.replace(/[“”„]/g, '"');
  return plain
    .replace(/([{,]\s*)'([^'\n]*)'(\s*:)/g, '$1"$2"$3')
    .replace(/(:\s*)'([^'\n]*)'(\s*[,}\]])/g, '$1"$2"$3')
    .replace(/"(?:[^"\\]|\\.)*"/gs, (string) => string.replace(/\n/g, '\\n').replace(/\t/g, '\\t'))
    .replace(/,\s*(?=[}\]])/g, '');
}

/** Closes a string and brackets that were still open at the end (an answer cut at its longest length). */
function closed(text: string): string {
  const open: string[] = [];
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{') open.push('}');
    else if (char === '[') open.push(']');
    else if (char === '}' || char === ']') open.pop();
  }
  return `${text}${inString ? '"' : ''}${open.reverse().join('')}`.replace(/,\s*(?=[}\]])/g, '');
}

export interface QuestionAnswer {
  readonly question: string;
  readonly answer: string;
}

const QUESTION = /^\s*(?:[-*\d.)]*\s*)?(?:\**)(?:question|q|问题|问)\s*\d*\s*(?:\**)\s*[:：]\s*(?:\**)\s*(.+)$/i;
const ANSWER = /^\s*(?:[-*]\s*)?(?:\**)(?:answer|a|答案|答)\s*\d*\s*(?:\**)\s*[:：]\s*(?:\**)\s*(.+)$/i;

/** Questions with answers in what an LLM said: JSON, or lines `Question: …`, `Answer: …` of a model that writes no JSON. */
export function parseQuestions(text: string): QuestionAnswer[] {
  const found = pairsOf(parseJsonReply(text));
  if (found.length > 0) return found;
  const pairs: QuestionAnswer[] = [];
  let question = '';
  for (const line of text.split('\n')) {
    const asked = QUESTION.exec(line)?.[1];
    const answered = ANSWER.exec(line)?.[1];
    if (asked !== undefined) question = asked.trim();
    else if (answered !== undefined && question !== '') {
      pairs.push({ question, answer: unquoted(answered) });
      question = '';
    }
  }
  return pairs;
}

function pairsOf(value: unknown): QuestionAnswer[] {
  if (Array.isArray(value)) return value.flatMap(pairsOf);
  if (typeof value !== 'object' || value === null) return [];
  const entries = new Map(Object.entries(value).map(([key, one]) => [key.toLowerCase(), one]));
  const question = textOf(entries.get('question') ?? entries.get('q') ?? entries.get('问题'));
  const answer = textOf(entries.get('answer') ?? entries.get('a') ?? entries.get('答案'));
  if (question !== undefined && answer !== undefined) return [{ question, answer }];
  // {"questions": [...]}
  return Object.values(value).flatMap((one) => (Array.isArray(one) ? pairsOf(one) : []));
}

/** The `answer` of a reply; a bare text counts as the answer. */
export function parseAnswer(text: string): string {
  const value = parseJsonReply(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, one] of Object.entries(value)) if (/^(answer|a|答案)$/i.test(key)) return textOf(one) ?? '';
    return '';
  }
  return unquoted(text.split('\n').find((line) => line.trim() !== '') ?? '');
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'number') return String(value);
  return undefined;
}

const unquoted = (text: string): string => text.trim().replace(/^["“「](.*)["”」]$/s, '$1');
