import type { ItemFacts } from './item-facts.ts';
import { findMetric } from './metrics/registry.ts';
import { retrieveAlike, wasRetrieved } from './retrieved.ts';
import { compare, type Difference, type Summary, summarise } from './statistics/compare.ts';
import { answerType, LONG, lengthOf, SHORT } from './strata-names.ts';
import { type ColumnTable, pairedScores, scoresOf } from './table.ts';
import type { Evaluation, ItemResult } from './types.ts';

/** One way to part the questions of a run, by what is known of each. */
interface Partition {
  readonly name: string;
  /** Its parts in their order, each with the filter that shows its questions. Chinese names: `src/ui/i18n/zh/evaluation-terms.ts`. */
  readonly parts: readonly { readonly name: string; readonly filter: string }[];
  /** Worth saying also where all questions are in one part. */
  readonly alone: boolean;
  readonly of: (item: ItemResult, run: Parted) => string | undefined;
}

/** What a partition may ask about. */
interface Parted {
  readonly evaluation: Pick<Evaluation, 'columns'>;
  readonly facts: ItemFacts;
  /** By item: what the first column that retrieves found. */
  readonly found: ReadonlyMap<string, ItemResult>;
}

const LENGTHS = [`up to ${SHORT} characters`, `${SHORT + 1} to ${LONG}`, `over ${LONG}`] as const;
const TYPES = { 'yes-no': 'yes or no', number: 'with a number', words: 'without a number' } as const;

export const PARTITIONS: readonly Partition[] = [
  {
    name: 'answer length',
    parts: [
      { name: LENGTHS[0], filter: `gold.length<=${SHORT}` },
      { name: LENGTHS[1], filter: `gold.length>${SHORT} & gold.length<=${LONG}` },
      { name: LENGTHS[2], filter: `gold.length>${LONG}` },
    ],
    alone: false,
    of: ({ answers }) => {
      const length = lengthOf(answers[0] ?? '');
      return LENGTHS[length <= SHORT ? 0 : length <= LONG ? 1 : 2];
    },
  },
  {
    name: 'answer type',
    parts: Object.entries(TYPES).map(([type, name]) => ({ name, filter: `gold.type=${type}` })),
    alone: false,
    of: ({ answers }) => TYPES[answerType(answers[0] ?? '')],
  },
  {
    name: 'gold passage',
    parts: [
      { name: 'retrieved', filter: 'COLUMN.retrieved=yes' },
      { name: 'not retrieved', filter: 'COLUMN.retrieved=no' },
    ],
    alone: true,
    of: ({ item }, { evaluation, facts, found }) => {
      const result = found.get(item);
      const retrieved = result && wasRetrieved(result, evaluation, facts.asked);
      return retrieved === undefined ? undefined : retrieved ? 'retrieved' : 'not retrieved';
    },
  },
  {
    name: 'training rows',
    parts: [
      { name: 'seen in training', filter: 'seen=yes' },
      { name: 'clean', filter: 'seen=no' },
    ],
    alone: true,
    of: ({ item }, { facts: { seen } }) => {
      const found = seen?.get(item);
      return found === undefined ? undefined : found ? 'seen in training' : 'clean';
    },
  },
  {
    // Of our general questions: their ids begin with it.
    name: 'topic',
    parts: ['facts', 'arithmetic', 'format'].map((name) => ({ name, filter: `item~${name}-` })),
    alone: false,
    of: ({ item }) => /^(facts|arithmetic|format)-(?:en|zh)-\d\d$/.exec(item)?.[1] ?? '',
  },
];

/** A part of the questions, with the primary metric on it. Exploratory: many parts, some will differ by chance. */
export interface Stratum {
  readonly partition: string;
  readonly stratum: string;
  readonly items: number;
  /** Shows its questions: `eval items --filter`. */
  readonly filter: string;
  /** Of retrieved or not: the column whose finds part the questions. */
  readonly by: string | null;
  /** False: too few questions to say anything; there are no figures then. */
  readonly told: boolean;
  readonly columns: Readonly<Record<string, Summary>>;
  /** Every other column against the first. */
  readonly differences: Readonly<Record<string, Difference>>;
  /** Those of them that have no verdict, because one of the two compared columns chose these questions by its own finds. */
  readonly selected: readonly string[];
}

/** Fewer questions than that say nothing of a part. */
export const FEWEST = 10;

const NO_FACTS: ItemFacts = { asked: new Map(), seen: undefined };

/**
 * The primary metric on parts of the questions; partitions that part nothing are left out, unless that itself is worth
 * saying. An interim run has no verdict. Pure.
 */
export function strataOf(
  tables: readonly ColumnTable[],
  evaluation: Pick<Evaluation, 'primary' | 'seed' | 'columns'>,
  facts: ItemFacts = NO_FACTS,
  interim = false,
): Stratum[] {
  const { primary, seed, columns: asked } = evaluation;
  const metric = findMetric(primary);
  const [first, ...others] = tables;
  if (!first) return [];
  const finder = asked.find(({ context }) => context === 'retrieved')?.name;
  const finds = tables.find(({ name }) => name === finder);
  const found = new Map([...(finds?.items.values() ?? [])].map((item) => [item.item, item]));
  return PARTITIONS.flatMap(({ name, of, parts, alone }) => {
    const partOf = new Map(
      [...first.items.values()].map((item) => [item.item, of(item, { evaluation, facts, found })] as const),
    );
    const by = name === 'gold passage' ? (finder ?? null) : null;
    const made = parts.flatMap(({ name: stratum, filter }): Stratum[] => {
      const part = (table: ColumnTable): ColumnTable => ({
        ...table,
        items: new Map([...table.items].filter(([, item]) => partOf.get(item.item) === stratum)),
      });
      const base = part(first);
      const items = base.items.size;
      if (items === 0) return [];
      const about = { partition: name, stratum, items, filter: filter.replace('COLUMN', by ?? ''), by };
      if (items < FEWEST) return [{ ...about, told: false, columns: {}, differences: {}, selected: [] }];
      const columns = [base, ...others.map(part)];
      const selected = others
        .map((other) => other.name)
        .filter((other) => by !== null && isSelected(asked, by, first.name, other));
      return [
        {
          ...about,
          told: true,
          columns: Object.fromEntries(
            columns.flatMap((table) => {
              const scores = scoresOf(table, metric);
              return scores ? [[table.name, summarise(scores, { binary: metric.binary, seed })]] : [];
            }),
          ),
          differences: Object.fromEntries(
            columns.slice(1).flatMap((table) => {
              const pairs = pairedScores(base, table, metric);
              if (!pairs) return [];
              const found = compare(pairs, { binary: metric.binary, direction: metric.direction, seed });
              const untold = interim || selected.includes(table.name);
              return [[table.name, untold ? { ...found, verdict: 'cannot tell' as const } : found]];
            }),
          ),
          selected,
        },
      ];
    });
    return made.length > 1 || alone ? made : [];
  });
}

/**
 * Whether questions that column `by` parted by its own finds were chosen by an outcome of just one of two compared columns.
 * Where it missed, the other one is then likely to look better, and worse where it found, even if both are equally good:
 * regression to the mean (Barnett, van der Pols and Dobson, Int J Epidemiol 2005;34:215). Columns that search alike share
 * their luck.
 */
function isSelected(columns: Evaluation['columns'], by: string, a: string, b: string): boolean {
  const finder = columns.find(({ name }) => name === by);
  const findsAlike = (name: string): boolean => {
    const column = columns.find((one) => one.name === name);
    return name === by || (finder !== undefined && column !== undefined && retrieveAlike(finder, column));
  };
  return findsAlike(a) !== findsAlike(b);
}
