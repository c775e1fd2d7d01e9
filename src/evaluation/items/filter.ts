import { BLAME_LABELS } from '../blame/label.ts';
import type { QuestionRow } from '../figures.ts';
import { type Expression, filterError, type Operator } from './expression.ts';
import { findField, type ItemScope, searchable } from './fields.ts';

export type ItemTest = (row: QuestionRow) => boolean;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)%?$/;
/** Scores are sums and quotients: so near is equal. */
const NEAR = 1e-9;

/**
 * Whether an item answers a filter. Scores are what an item counts for in a mean: 0 for one that failed. A condition on what
 * is missing does not hold, whatever it asks (`em=none` holds). A score above 1 or with "%" is points of 100. Errors:
 * `usage` with the place of a name or value that is none. Pure.
 */
export function itemTest(expression: Expression, scope: ItemScope): ItemTest {
  switch (expression.kind) {
    case 'all':
      return () => true;
    case 'and': {
      const parts = expression.parts.map((part) => itemTest(part, scope));
      return (row) => parts.every((part) => part(row));
    }
    case 'or': {
      const parts = expression.parts.map((part) => itemTest(part, scope));
      return (row) => parts.some((part) => part(row));
    }
    case 'not': {
      const part = itemTest(expression.part, scope);
      return (row) => !part(row);
    }
    case 'text': {
      const wanted = searchable(expression.text);
      return (row) => textsOf(row).some((text) => searchable(text).includes(wanted));
    }
    case 'compare':
      return comparison(expression, scope);
  }
}

const textsOf = ({ question, answers, columns }: QuestionRow): string[] => [
  question,
  ...answers,
  ...Object.values(columns).flatMap(({ output }) => output ?? []),
];

function comparison(
  { field: name, at, operator, value, valueAt }: Expression & { readonly kind: 'compare' },
  scope: ItemScope,
): ItemTest {
  const field = findField(name, scope);
  if (typeof field === 'string') throw filterError(at, field);
  if (value.toLowerCase() === 'none' && (operator === '=' || operator === '!=')) {
    return (row) => (field.of(row) === undefined) === (operator === '=');
  }
  if (field.kind === 'number') {
    if (operator === '~' || operator === '!~') throw filterError(at, `"${name}" is a number, not a text.`);
    if (!NUMBER.test(value)) throw filterError(valueAt, `"${value}" is no number.`);
    const wanted = numberOf(value, field.share);
    return (row) => {
      const found = field.of(row);
      return found !== undefined && holds(found - wanted, operator);
    };
  }
  if (operator.startsWith('<') || operator.startsWith('>')) throw filterError(at, `"${name}" is a text, not a number.`);
  const wanted = searchable(value);
  const values = name.toLowerCase().endsWith('blame') ? BLAME_LABELS : field.values;
  if (values && (operator === '=' || operator === '!=') && !values.includes(wanted)) {
    throw filterError(valueAt, `there is no "${value}". There are: ${values.join(', ')}.`);
  }
  return (row) => {
    const found = field.of(row);
    if (found === undefined) return false;
    const text = searchable(found);
    if (operator === '~') return text.includes(wanted);
    if (operator === '!~') return !text.includes(wanted);
    const same =
      text === wanted || (wanted === 'failed' && field.values !== null && (text === 'error' || text === 'timeout'));
    return same === (operator === '=');
  };
}

function numberOf(text: string, share: boolean): number {
  const value = Number.parseFloat(text);
  return share && (text.endsWith('%') || Math.abs(value) > 1) ? value / 100 : value;
}

function holds(difference: number, operator: Operator): boolean {
  const equal = Math.abs(difference) <= NEAR;
  switch (operator) {
    case '=':
      return equal;
    case '!=':
      return !equal;
    case '<':
      return !equal && difference < 0;
    case '<=':
      return equal || difference < 0;
    case '>':
      return !equal && difference > 0;
    default:
      return equal || difference > 0;
  }
}
