import { type PreferenceRow, preferenceRowSchema } from '../../datasets/types.ts';
import type { ComparedColumn, KeptComparison } from './types.ts';

/** A row of a `preference` dataset, with where it came from. */
export interface VotedPreference extends PreferenceRow {
  readonly metadata: Readonly<Record<string, string | number | boolean>>;
}

export interface Preferences {
  readonly rows: readonly VotedPreference[];
  /** Pairs that make no row, by reason. */
  readonly skipped: {
    /** Ties, neither, and votes withdrawn. */
    readonly undecided: number;
    /** One of the two has no answer, or both say the same. */
    readonly nothingToLearn: number;
    /** The two were sent other messages (another context or prompt). */
    readonly otherPrompt: number;
  };
}

/**
 * The votes as training data: the answer that was chosen before each that was shown beside it. Both must have been given
 * the same messages, unless `mixedPrompts`: then those of the chosen one stand for both. Pure.
 */
export function preferencesOf(
  comparisons: readonly KeptComparison[],
  { mixedPrompts = false }: { readonly mixedPrompts?: boolean } = {},
): Preferences {
  const rows: VotedPreference[] = [];
  const skipped = { undecided: 0, nothingToLearn: 0, otherPrompt: 0 };
  for (const comparison of comparisons) {
    for (const { choice, shown, blind, at } of comparison.votes) {
      if (choice.kind !== 'column') {
        skipped.undecided += 1;
        continue;
      }
      const [chosen] = named(comparison, [choice.column]);
      const others = named(
        comparison,
        shown.filter((name) => name !== choice.column),
      );
      for (const rejected of others) {
        const samePrompt = messagesOf(chosen) === messagesOf(rejected);
        const row = rowOf(comparison, chosen, rejected, { blind, votedAt: at, samePrompt });
        if (!row) skipped.nothingToLearn += 1;
        else if (!samePrompt && !mixedPrompts) skipped.otherPrompt += 1;
        else rows.push(row);
      }
    }
  }
  return { rows, skipped };
}

const named = ({ columns }: KeptComparison, names: readonly string[]): ComparedColumn[] =>
  columns.filter(({ column }) => names.includes(column.name));

const messagesOf = (column: ComparedColumn | undefined): string => JSON.stringify(column?.answer?.messages ?? []);

function rowOf(
  { id, question, kb }: KeptComparison,
  chosen: ComparedColumn | undefined,
  rejected: ComparedColumn,
  about: Readonly<Record<string, string | boolean>>,
): VotedPreference | undefined {
  const [good, bad] = [chosen?.answer?.answer.trim() ?? '', rejected.answer?.answer.trim() ?? ''];
  if (!chosen?.answer || good === '' || bad === '' || good === bad) return undefined;
  const row = preferenceRowSchema.safeParse({
    id: `comparison-${id}-${chosen.column.name}-${rejected.column.name}`,
    messages: chosen.answer.messages,
    chosen: good,
    rejected: bad,
  });
  if (!row.success) return undefined;
  const [chosenColumn, rejectedColumn] = [chosen.column.name, rejected.column.name];
  return { ...row.data, metadata: { comparison: id, question, kb, chosenColumn, rejectedColumn, ...about } };
}
