import type { BlameReport } from '../blame/run.ts';
import type { ColumnAnswer, QuestionRow } from '../figures.ts';
import { findMetric } from '../metrics/registry.ts';
import { isShare } from '../score-text.ts';
import { ANSWER_TYPES, answerType, lengthOf } from '../strata-names.ts';
import { countedScore } from '../table.ts';
import { itemStateSchema } from '../types.ts';
import type { ItemNotes } from './notes.ts';

/** What the names in a filter or a sort may mean. */
export interface ItemScope {
  /** Every column of the run, baselines too. */
  readonly columns: readonly string[];
  /** What a name without a column is about, and what it is compared with. */
  readonly column: string;
  readonly base: string;
  readonly metrics: readonly string[];
  readonly primary: string;
  /** Null: nobody has asked where answers went wrong yet. */
  readonly blame: BlameReport | null;
  readonly notes: ItemNotes;
}

/** What a field says of an item: undefined = nothing is known of it. */
export type Field =
  | { readonly kind: 'number'; readonly of: (row: QuestionRow) => number | undefined; readonly share: boolean }
  | {
      readonly kind: 'text';
      readonly of: (row: QuestionRow) => string | undefined;
      /** The values there are; null = any. */
      readonly values: readonly string[] | null;
    };

/** Short names of metrics, best first: of those a run has, the first is meant. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  em: ['exact', 'squad-em', 'cmrc-em'],
  f1: ['token-f1', 'squad-f1', 'cmrc-f1'],
  rouge: ['rouge-l'],
  origin: ['origin-tutorial', 'origin-char'],
  copied: ['copied-run'],
  cr: ['context-recall'],
};

/** The metric a name means in a run: the whole name, a short one, or one it begins. Pure. */
export function metricNamed(name: string, { metrics, primary }: Pick<ItemScope, 'metrics' | 'primary'>): string[] {
  const wanted = name.toLowerCase();
  const exact = metrics.find((metric) => metric.toLowerCase() === wanted);
  if (exact) return [exact];
  const short = SHORT[wanted] ?? [];
  if (short.includes(primary)) return [primary];
  const known = short.find((metric) => metrics.includes(metric));
  if (known) return [known];
  return wanted.length < 2 ? [] : metrics.filter((metric) => metric.toLowerCase().startsWith(wanted));
}

const STATES: readonly string[] = [...itemStateSchema.options, 'failed'];
const YES_NO: readonly string[] = ['yes', 'no'];
const yesNo = (value: boolean | null | undefined): string | undefined =>
  value === null || value === undefined ? undefined : value ? 'yes' : 'no';

/** What an answer counts for in a mean; undefined where the metric says nothing of it. */
export function scoreOf(answer: ColumnAnswer | undefined, metric: string): number | undefined {
  return answer ? countedScore(answer, findMetric(metric)) : undefined;
}

/** `column` minus `base`; undefined where either is missing. */
export function differenceOfItem(
  row: QuestionRow,
  metric: string,
  { column, base }: Pick<ItemScope, 'column' | 'base'>,
): number | undefined {
  const [to, from] = [scoreOf(row.columns[column], metric), scoreOf(row.columns[base], metric)];
  return to === undefined || from === undefined ? undefined : to - from;
}

export const FIELD_NAMES: readonly string[] = [
  'diff',
  'diff.METRIC',
  'state',
  'blame',
  'retrieved',
  'seen',
  'answer',
  'gold',
  'question',
  'length',
  'gold.length',
  'gold.type',
  'question.length',
  'ms',
  'tokens',
  'flag',
  'comment',
  'item',
  'context',
];

/**
 * A field by name: `em`, `tuned.f1`, `base.state`, `diff`, `diff.em`, `gold.length`. `base` is the column compared with
 * unless a column has that name. A string says why there is none. Pure.
 */
export function findField(name: string, scope: ItemScope): Field | string {
  const lower = name.toLowerCase();
  const about = fieldOfItem(lower, scope);
  if (about) return about;
  const owner = [...scope.columns]
    .sort((a, b) => b.length - a.length)
    .find((column) => lower.startsWith(`${column.toLowerCase()}.`));
  if (owner) return fieldOfColumn(name.slice(owner.length + 1), owner, scope);
  if (lower.startsWith('base.')) return fieldOfColumn(name.slice(5), scope.base, scope);
  return fieldOfColumn(name, scope.column, scope);
}

function fieldOfItem(name: string, scope: ItemScope): Field | string | undefined {
  const text = (of: (row: QuestionRow) => string | undefined, values: readonly string[] | null = null): Field => ({
    kind: 'text',
    of,
    values,
  });
  const count = (of: (row: QuestionRow) => number | undefined): Field => ({ kind: 'number', of, share: false });
  switch (name) {
    case 'question':
      return text((row) => row.question);
    case 'question.length':
      return count((row) => lengthOf(row.question));
    case 'gold':
      return text((row) => row.answers.join('\n'));
    case 'gold.length':
      return count((row) => lengthOf(row.answers[0] ?? ''));
    case 'gold.type':
      return text((row) => answerType(row.answers[0] ?? ''), ANSWER_TYPES);
    case 'seen':
      return text((row) => yesNo(row.seen), YES_NO);
    case 'item':
      return text((row) => row.item);
    case 'context':
      return text((row) => row.contextId);
    case 'flag':
      return text((row) => (scope.notes[row.item]?.flag ? 'yes' : 'no'), ['yes', 'no']);
    case 'comment':
      return text((row) => scope.notes[row.item]?.comment || undefined);
    default:
      break;
  }
  if (name !== 'diff' && !name.startsWith('diff.')) return undefined;
  const wanted = name === 'diff' ? scope.primary : name.slice(5);
  const [metric, second] = metricNamed(wanted, scope);
  if (!metric || second) return noMetric(wanted, scope);
  return { kind: 'number', share: isShare(metric), of: (row) => differenceOfItem(row, metric, scope) };
}

function fieldOfColumn(name: string, column: string, scope: ItemScope): Field | string {
  const number = (of: (answer: ColumnAnswer) => number | null): Field => ({
    kind: 'number',
    share: false,
    of: (row) => {
      const answer = row.columns[column];
      return answer ? (of(answer) ?? undefined) : undefined;
    },
  });
  switch (name.toLowerCase()) {
    case 'state':
      return { kind: 'text', values: STATES, of: (row) => row.columns[column]?.state };
    case 'retrieved':
      return { kind: 'text', values: YES_NO, of: (row) => yesNo(row.columns[column]?.found) };
    case 'answer':
      return { kind: 'text', values: null, of: (row) => row.columns[column]?.output ?? undefined };
    case 'length':
      return number(({ output }) => (output === null ? null : lengthOf(output)));
    case 'ms':
      return number(({ totalMs }) => totalMs);
    case 'tokens':
      return number(({ completionTokens }) => completionTokens);
    case 'blame': {
      const found = scope.blame?.columns.find((one) => one.column === column);
      return { kind: 'text', values: null, of: (row) => found?.byItem[row.item] };
    }
    default:
      break;
  }
  const [metric, second] = metricNamed(name, scope);
  if (!metric || second) return noMetric(name, scope);
  return { kind: 'number', share: isShare(metric), of: (row) => scoreOf(row.columns[column], metric) };
}

function noMetric(name: string, scope: ItemScope): string {
  const found = metricNamed(name, scope);
  return found.length > 1
    ? `"${name}" may be ${found.join(' or ')}.`
    : `there is no "${name}". There are: ${[...scope.metrics, ...FIELD_NAMES].join(', ')}.`;
}

/** White space that is more than one space between words. */
const UNEVEN = /\s{2}|[^\S ]/u;

/** As texts are looked through: width, white space and case aside. Called for every text at every key: kept quick. */
export function searchable(text: string): string {
  const plain = text.normalize('NFKC').toLowerCase();
  return UNEVEN.test(plain) ? plain.replace(/\s+/gu, ' ') : plain;
}
