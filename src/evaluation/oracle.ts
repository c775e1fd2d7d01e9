import { parseColumn } from '../rag/columns.ts';
import type { Column } from '../rag/types.ts';

const RETRIEVING = new Set(['name', 'context', 'embedder', 'group', 'mode', 'top-k', 'reranker', 'instruction']);
const MOST_NAME = 40;

/** What two columns that read the same thing are asked alike by. */
const askedBy = ({ llm, prompt, sampling }: Column): string => JSON.stringify([llm, prompt, sampling]);

/**
 * The columns with one more for each LLM that reads what was found: the same LLM with the gold passage, which is what
 * perfect retrieval would give it. None where there is one already. Columns as a command line names them. Errors: `usage`. Pure.
 */
export function withOracle(specs: readonly string[]): string[] {
  const columns = specs.map((spec) => ({ spec, column: parseColumn(spec) }));
  const there = new Set(columns.filter(({ column }) => column.context === 'gold').map(({ column }) => askedBy(column)));
  const names = new Set(columns.map(({ column }) => column.name));
  const added = columns.flatMap(({ spec, column }) => {
    const asked = askedBy(column);
    if (column.context !== 'retrieved' || column.llm === 'none' || there.has(asked)) return [];
    there.add(asked);
    const name = freeName(`oracle-${column.name}`.slice(0, MOST_NAME), names);
    names.add(name);
    const kept = spec.split(',').filter((part) => !RETRIEVING.has(part.split('=', 1)[0]?.trim() ?? ''));
    return [[`name=${name}`, ...kept, 'context=gold'].join(',')];
  });
  return [...specs, ...added];
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number += 1) {
    const other = `${name.slice(0, MOST_NAME - 4)}-${number}`;
    if (!taken.has(other)) return other;
  }
}
