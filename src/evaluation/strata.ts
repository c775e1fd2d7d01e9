import { findMetric } from './metrics/registry.ts';
import { compare, type Difference, type Summary, summarise } from './statistics/compare.ts';
import { type ColumnTable, pairedScores, scoresOf } from './table.ts';
import type { Evaluation, ItemResult } from './types.ts';

/** One way to part the questions of a run, by what is known of each before it is asked. */
interface Partition {
  readonly name: string;
  /** Its parts in their order; Chinese names stand in `src/ui/i18n/zh/evaluation-terms.ts`. */
  readonly parts: readonly string[];
  readonly of: (item: ItemResult) => string;
}

const SHORT = 20;
const LONG = 80;

/** Characters of the first right answer, by code points. */
const lengthOf = ({ answers }: ItemResult): number => [...(answers[0] ?? '')].length;

export const PARTITIONS: readonly Partition[] = [
  {
    name: 'answer length',
    parts: [`up to ${SHORT} characters`, `${SHORT + 1} to ${LONG}`, `over ${LONG}`],
    of: (item) => {
      const length = lengthOf(item);
      return length <= SHORT
        ? `up to ${SHORT} characters`
        : length <= LONG
          ? `${SHORT + 1} to ${LONG}`
          : `over ${LONG}`;
    },
  },
  {
    name: 'answer type',
    parts: ['yes or no', 'with a number', 'without a number'],
    of: ({ answers }) => {
      const answer = (answers[0] ?? '').trim();
      if (/^(?:yes|no|true|false|是|否|不是|对|不对)[.。!！]?$/i.test(answer)) return 'yes or no';
      return /[0-9０-９]/.test(answer) ? 'with a number' : 'without a number';
    },
  },
  {
    // Of our general questions: their ids begin with it.
    name: 'topic',
    parts: ['facts', 'arithmetic', 'format'],
    of: ({ item }) => /^(facts|arithmetic|format)-(?:en|zh)-\d\d$/.exec(item)?.[1] ?? '',
  },
];

/** A part of the questions, with the primary metric on it. Exploratory: many parts, some will differ by chance. */
export interface Stratum {
  readonly partition: string;
  readonly stratum: string;
  readonly items: number;
  readonly columns: Readonly<Record<string, Summary>>;
  /** Every other column against the first. */
  readonly differences: Readonly<Record<string, Difference>>;
}

/** Fewer questions than that say nothing of a part. */
const FEWEST = 10;

/** The primary metric on parts of the questions; partitions with one part of enough questions are left out. Pure. */
export function strataOf(
  tables: readonly ColumnTable[],
  { primary, seed }: Pick<Evaluation, 'primary' | 'seed'>,
): Stratum[] {
  const metric = findMetric(primary);
  const [first, ...others] = tables;
  if (!first) return [];
  return PARTITIONS.flatMap(({ name, of, parts: names }) => {
    const parts = names.flatMap((stratum): Stratum[] => {
      const part = (table: ColumnTable): ColumnTable => ({
        ...table,
        items: new Map([...table.items].filter(([, item]) => of(item) === stratum)),
      });
      const base = part(first);
      if (base.items.size < FEWEST) return [];
      const columns = [base, ...others.map(part)];
      return [
        {
          partition: name,
          stratum,
          items: base.items.size,
          columns: Object.fromEntries(
            columns.flatMap((table) => {
              const scores = scoresOf(table, metric);
              return scores ? [[table.name, summarise(scores, { binary: metric.binary, seed })]] : [];
            }),
          ),
          differences: Object.fromEntries(
            columns.slice(1).flatMap((table) => {
              const pairs = pairedScores(base, table, metric);
              return pairs
                ? [[table.name, compare(pairs, { binary: metric.binary, direction: metric.direction, seed })]]
                : [];
            }),
          ),
        },
      ];
    });
    return parts.length > 1 ? parts : [];
  });
}
