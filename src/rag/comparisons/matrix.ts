import { RagtuiError } from '../../platform/errors.ts';
import { type Column, columnSchema } from '../types.ts';

/** A comparison takes no more. */
export const MOST_COLUMNS = 6;
const LONGEST_NAME = 40;
const LONGEST_PART = 19;

export interface Matrix {
  /** Two or one, the base first. Empty = that of the settings. */
  readonly llms: readonly string[];
  readonly embedders: readonly string[];
  /** What all columns share. */
  readonly settings: Omit<Column, 'name' | 'llm' | 'embedder'> & Partial<Pick<Column, 'llm' | 'embedder'>>;
}

/**
 * Every LLM with every embedder: columns that differ in nothing else, LLM by LLM, named by what differs. Errors:
 * `usage` when that makes fewer than two columns or more than six.
 */
export function matrixColumns({ llms, embedders, settings }: Matrix): Column[] {
  const rows = llms.length > 0 ? unique(llms) : [settings.llm ?? 'none'];
  const across = embedders.length > 0 ? unique(embedders) : [settings.embedder];
  const count = rows.length * across.length;
  if (count < 2 || count > MOST_COLUMNS) {
    throw new RagtuiError(
      'usage',
      `${rows.length} × ${across.length} columns are ${count}, a comparison has 2 to ${MOST_COLUMNS}.`,
      'Name two LLMs, two embedders, or both.',
    );
  }
  const llmNames = shortNames(rows.map((llm) => (llm === 'none' ? 'search' : llm)));
  const embedderNames = shortNames(across.map((one) => one ?? 'default'));
  const taken = new Set<string>();
  return rows.flatMap((llm, row) =>
    across.map((embedder, at) => {
      const parts = [...(rows.length > 1 ? [llmNames[row]] : []), ...(across.length > 1 ? [embedderNames[at]] : [])];
      const name = freeName(parts.join('+'), taken);
      taken.add(name);
      return columnSchema.parse({ ...settings, name, llm, embedder });
    }),
  );
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];

/**
 * Short names of ids that stay apart: without the words they all begin or end with (`bge-small-zh`, `bge-small-en` →
 * `zh`, `en`), unless that leaves nothing of one. Pure.
 */
export function shortNames(ids: readonly string[]): string[] {
  const words = ids.map((id) => id.replace(/[\s,=:/+]+/gu, '-').split('-'));
  const shortest = Math.min(...words.map(({ length }) => length));
  const all = (at: number) => new Set(words.map((one) => one.at(at))).size === 1;
  let head = 0;
  while (ids.length > 1 && head < shortest - 1 && all(head)) head += 1;
  let tail = 0;
  while (ids.length > 1 && tail < shortest - 1 - head && all(-1 - tail)) tail += 1;
  return words.map((one) => {
    const rest = one.slice(head, one.length - tail);
    // Whole words as long as they fit.
    while (rest.length > 1 && rest.join('-').length > LONGEST_PART) rest.pop();
    return [...rest.join('-')].slice(0, LONGEST_PART).join('');
  });
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const end = number === 1 ? '' : `-${number}`;
    const name = [...wanted].slice(0, LONGEST_NAME - end.length).join('') + end;
    if (!taken.has(name)) return name;
  }
}
