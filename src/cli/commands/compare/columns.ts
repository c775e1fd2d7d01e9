import type { KbClient } from '../../../kb/protocol.ts';
import { RagtuiError } from '../../../platform/errors.ts';
import type { Column } from '../../../rag/types.ts';

/** Where the columns of a comparison come from. */
export interface ColumnWish {
  readonly column: readonly string[];
  readonly matrix: readonly string[];
  readonly set?: string | undefined;
}

/**
 * Columns as they are written, those of a saved set, or every LLM with every embedder (`--matrix`; one --column then
 * says what they share). Errors: `usage`, `not-found` for a set.
 */
export async function chooseColumns(kb: KbClient, { column, matrix, set }: ColumnWish): Promise<Column[]> {
  const { parseColumns } = await import('../../../rag/columns.ts');
  const written = parseColumns(column);
  if (matrix.length > 0) {
    if (set !== undefined || written.length > 1) {
      throw new RagtuiError(
        'usage',
        '--matrix makes the columns itself.',
        'Give at most one --column: what they share.',
      );
    }
    return matrixOf(matrix, written[0]);
  }
  const saved = set === undefined ? [] : await savedColumns(kb, set);
  const columns = [...saved, ...written];
  const twice = columns.find(({ name }, at) => columns.findIndex((one) => one.name === name) < at);
  if (twice) {
    throw new RagtuiError('usage', `Two columns are called "${twice.name}".`, 'Give each a name of its own.');
  }
  if (columns.length === 0) {
    throw new RagtuiError('usage', 'There is no column to ask.', 'Add --column name=…,llm=…, --set NAME or --matrix.');
  }
  if (columns.length > 6) throw new RagtuiError('usage', `${columns.length} columns are too many: at most six.`);
  return columns;
}

async function savedColumns(kb: KbClient, name: string): Promise<Column[]> {
  const sets = await kb.call('columnSets.list', {});
  const found = sets.find((set) => set.name === name);
  if (found) return found.columns;
  const names = sets.map((set) => set.name).join(', ');
  throw new RagtuiError(
    'not-found',
    `There are no saved columns "${name}".`,
    names ? `There are: ${names}.` : 'Save some with --save-set NAME.',
  );
}

const AXES = ['llm', 'embedder'] as const;
type Axis = (typeof AXES)[number];

/** `llm=A,B` and `embedder=X,Y`. */
async function matrixOf(texts: readonly string[], shared: Column | undefined): Promise<Column[]> {
  const { matrixColumns } = await import('../../../rag/comparisons/matrix.ts');
  const { columnSchema } = await import('../../../rag/types.ts');
  const axes = new Map<Axis, string[]>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const axis = AXES.find((name) => name === text.slice(0, Math.max(0, at)).trim());
    const values = text
      .slice(at + 1)
      .split(',')
      .map((value) => value.trim())
      .filter(Boolean);
    if (!axis || values.length === 0) {
      throw new RagtuiError('usage', `--matrix "${text}" is not right.`, 'Write llm=A,B or embedder=X,Y.');
    }
    axes.set(axis, [...(axes.get(axis) ?? []), ...values]);
  }
  const { name: _, ...settings } = shared ?? columnSchema.parse({ name: 'shared' });
  return matrixColumns({ llms: axes.get('llm') ?? [], embedders: axes.get('embedder') ?? [], settings });
}
