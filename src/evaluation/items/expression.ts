import { RagtuiError } from '../../platform/errors.ts';

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | '~' | '!~';

/** A filter as it was written; `at` is where, in UTF-16 offsets, for errors that come later. */
export type Expression =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly part: Expression }
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'compare';
      readonly field: string;
      readonly at: number;
      readonly operator: Operator;
      readonly value: string;
      readonly valueAt: number;
    };

interface Token {
  readonly kind: 'word' | 'quoted' | 'operator' | 'open' | 'close' | 'and' | 'or' | 'not' | 'end';
  readonly text: string;
  readonly at: number;
}

/** What a Chinese keyboard types, as its twin of the same length. */
const WIDE: Readonly<Record<string, string>> = {
  '（': '(',
  '）': ')',
  '＝': '=',
  '＆': '&',
  '｜': '|',
  '！': '!',
  '＜': '<',
  '＞': '>',
  '～': '~',
  '“': '"',
  '”': '"',
};
const TOKEN = /\s*(?:(!=|!~|<=|>=|==|[=<>~])|(\()|(\))|(&&?)|(\|\|?)|(!)|"([^"]*)("?)|([^\s()&|!=<>~"]+))/y;
const WORDS: Readonly<Record<string, 'and' | 'or' | 'not'>> = { and: 'and', or: 'or', not: 'not' };

/** Error of a filter: says the place, counted from 1, as a person counts. */
export const filterError = (at: number, why: string, hint = ''): RagtuiError =>
  new RagtuiError('usage', `At character ${at + 1}: ${why}`, hint || 'For example: em=0 & base.em=1');

/**
 * Reads `em=0 & (base.em=1 | ~"green tea") & not state=error`. Conditions side by side must all hold; "or" binds less
 * than "and"; a bare word is looked for in the texts, as `~word` is. '' holds for all. Errors: `usage` with the place. Pure.
 */
export function parseExpression(text: string): Expression {
  const tokens = tokensOf([...text].map((one) => WIDE[one] ?? one).join(''));
  if (tokens.length === 1) return { kind: 'all' };
  const parser = new Parser(tokens);
  return parser.whole();
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const from = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (!found) throw filterError(from, `"${text.slice(from).trim()[0] ?? ''}" means nothing here.`);
    const at = from + found[0].length - found[0].trimStart().length;
    tokens.push(tokenOf(found, at));
  }
  return [...tokens, { kind: 'end', text: '', at: text.length }];
}

function tokenOf(found: RegExpExecArray, at: number): Token {
  const [, operator, open, close, and, or, not, quoted, closing, word] = found;
  if (operator !== undefined) return { kind: 'operator', text: operator === '==' ? '=' : operator, at };
  if (quoted !== undefined) {
    if (closing === '') throw filterError(at, 'the quotation has no end.', 'Close it with ".');
    return { kind: 'quoted', text: quoted, at };
  }
  if (word !== undefined) return { kind: WORDS[word.toLowerCase()] ?? 'word', text: word, at };
  const kind = open ? 'open' : close ? 'close' : and ? 'and' : or ? 'or' : 'not';
  return { kind, text: open ?? close ?? and ?? or ?? not ?? '', at };
}

const OPERATORS: readonly string[] = ['=', '!=', '<', '<=', '>', '>=', '~', '!~'] satisfies Operator[];
const isOperator = (text: string): text is Operator => OPERATORS.includes(text);

class Parser {
  private place = 0;
  private readonly tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  whole(): Expression {
    const found = this.either();
    const { kind, text, at } = this.next();
    if (kind === 'end') return found;
    throw filterError(at, kind === 'close' ? 'this bracket closes nothing.' : `"${text}" was not expected.`);
  }

  private next(): Token {
    const token = this.tokens[this.place] ?? { kind: 'end' as const, text: '', at: 0 };
    return token;
  }

  private take(): Token {
    const token = this.next();
    this.place += 1;
    return token;
  }

  private either(): Expression {
    const parts = [this.both()];
    while (this.next().kind === 'or') {
      this.take();
      parts.push(this.both());
    }
    return joined('or', parts);
  }

  private both(): Expression {
    const parts = [this.one()];
    while (!['or', 'close', 'end'].includes(this.next().kind)) {
      if (this.next().kind === 'and') this.take();
      parts.push(this.one());
    }
    return joined('and', parts);
  }

  private one(): Expression {
    const token = this.take();
    switch (token.kind) {
      case 'not':
        return { kind: 'not', part: this.one() };
      case 'open': {
        const inside = this.either();
        const end = this.take();
        if (end.kind !== 'close') throw filterError(token.at, 'this bracket is not closed.');
        return inside;
      }
      case 'word':
      case 'quoted':
        return this.condition(token);
      case 'operator':
        if (token.text === '~' || token.text === '!~') {
          const text: Expression = { kind: 'text', text: this.value(token).text };
          return token.text === '~' ? text : { kind: 'not', part: text };
        }
        throw filterError(token.at, `"${token.text}" has nothing on its left.`);
      case 'end':
        throw filterError(token.at, 'something is missing at the end.');
      default:
        throw filterError(token.at, `"${token.text}" has nothing to join.`);
    }
  }

  private condition(token: Token): Expression {
    const operator = this.next();
    if (operator.kind !== 'operator' || !isOperator(operator.text) || token.kind === 'quoted') {
      return { kind: 'text', text: token.text };
    }
    this.take();
    const value = this.value(operator);
    return {
      kind: 'compare',
      field: token.text,
      at: token.at,
      operator: operator.text,
      value: value.text,
      valueAt: value.at,
    };
  }

  private value(operator: Token): Token {
    const value = this.take();
    if (value.kind === 'word' || value.kind === 'quoted') return value;
    throw filterError(value.at, `"${operator.text}" has nothing on its right.`);
  }
}

const joined = (kind: 'and' | 'or', parts: readonly Expression[]): Expression => {
  const [only] = parts;
  return parts.length === 1 && only ? only : { kind, parts };
};

/** Whether any condition is about this field, of any column. Pure. */
export function mentions(expression: Expression, field: string): boolean {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.parts.some((part) => mentions(part, field));
    case 'not':
      return mentions(expression.part, field);
    case 'compare': {
      const name = expression.field.toLowerCase();
      return name === field || name.endsWith(`.${field}`);
    }
    default:
      return false;
  }
}
