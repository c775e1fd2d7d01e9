import { RagtuiError } from '../platform/errors.ts';

/** What a run names to ask our own general questions: they show what a tune has forgotten. */
export const GENERAL = '@general';
/** The name that they have in a workspace. */
export const GENERAL_DATASET = 'ragtui-general';

/** How many general questions an LLM answers: the right answer stands in what it says, as a whole word or number. */
export const GENERAL_METRIC = 'mentions';

/**
 * Columns for general questions: they read nothing and are asked the bare question, unless they name a prompt. Errors:
 * `usage` for a column that is to read something.
 */
export function generalColumns(columns: readonly string[]): string[] {
  return columns.map((column) => {
    const context = /(?:^|,)\s*context\s*=\s*([^,]*)/.exec(column)?.[1]?.trim();
    if (context !== undefined && context !== 'none') {
      throw new RagtuiError(
        'usage',
        `General questions have no passage: the column "${column}" cannot have context=${context}.`,
        'Leave context out, or say context=none.',
      );
    }
    const more = [
      ...(context === undefined ? ['context=none'] : []),
      ...(/(?:^|,)\s*prompt\s*=/.test(column) ? [] : ['prompt=plain']),
    ];
    return [column, ...more].join(',');
  });
}
