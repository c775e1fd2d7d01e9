import { RagtuiError } from '../../platform/errors.ts';
import type { Column } from '../../rag/types.ts';

/** One column of a crossing: which LLM it asks, what it retrieves with (null: it retrieves nothing), what is read. */
export interface MatrixCell {
  readonly column: string;
  readonly llm: string;
  readonly embedder: string | null;
  readonly context: Column['context'];
}

/** LLMs × embedders × contexts, each level once; levels in the order of their columns, the first is what others are set against. */
export interface MatrixDesign {
  readonly llms: readonly string[];
  /** Of the columns that retrieve. */
  readonly embedders: readonly string[];
  readonly contexts: readonly Column['context'][];
  readonly cells: readonly MatrixCell[];
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

/**
 * The crossing that columns make; null where they make none: two of LLM, embedder and context must have two levels, every
 * combination must be there once (an embedder counts where something is retrieved), and all else must be alike. Pure.
 */
export function matrixOf(columns: readonly Column[]): MatrixDesign | null {
  const cells = columns.map(({ name, llm, embedder, context }): MatrixCell => {
    return { column: name, llm, embedder: context === 'retrieved' ? (embedder ?? '') : null, context };
  });
  const llms = distinct(cells.map(({ llm }) => llm));
  const embedders = distinct(cells.flatMap(({ embedder }) => embedder ?? []));
  const contexts = distinct(cells.map(({ context }) => context));
  if ([llms, embedders, contexts].filter(({ length }) => length > 1).length < 2) return null;
  if (llms.includes('none')) return null;
  const wanted = llms.length * contexts.reduce((sum, one) => sum + (one === 'retrieved' ? embedders.length : 1), 0);
  const found = distinct(cells.map(({ llm, embedder, context }) => JSON.stringify([llm, embedder, context])));
  if (found.length !== wanted || cells.length !== wanted) return null;
  return alike(columns) ? { llms, embedders, contexts, cells } : null;
}

/** Whether columns differ in nothing but LLM, embedder and context; how to retrieve matters where something is retrieved. */
function alike(columns: readonly Column[]): boolean {
  const answering = columns.map(({ prompt, sampling, format }) => JSON.stringify([prompt, sampling, format ?? null]));
  const retrieving = columns
    .filter(({ context }) => context === 'retrieved')
    .map(({ mode, topK, group, instruction, reranker }) =>
      JSON.stringify([mode, topK, group ?? null, instruction, reranker ?? null]),
    );
  return distinct(answering).length === 1 && distinct(retrieving).length <= 1;
}

/** What a matrix is made of: `ID`, or `LABEL=ID` where the columns are to be called otherwise. */
export interface MatrixWish {
  readonly llms: readonly string[];
  readonly embedders: readonly string[];
  readonly contexts: readonly string[];
  /** Settings of all columns, as of a column: `prompt=sft,top-k=5`. */
  readonly settings: string;
}

const CONTEXTS: readonly string[] = ['retrieved', 'gold', 'none'] satisfies Column['context'][];
/** In this order keys of a column name what the matrix names itself. */
const TAKEN = /(?:^|,)\s*(name|llm|embedder|context)=/;

/**
 * The columns of a matrix as a command line would name them. With the gold passage or none the embedder makes no
 * difference: there is one column for all. The embedder decides alone (`mode=vector`) unless the settings say otherwise.
 * Errors: `usage`.
 */
export function matrixColumns({ llms, embedders, contexts, settings }: MatrixWish): string[] {
  const wrong = contexts.find((context) => !CONTEXTS.includes(context));
  if (wrong !== undefined) {
    throw new RagtuiError('usage', `There is no context "${wrong}".`, `There are: ${CONTEXTS.join(', ')}.`);
  }
  const taken = TAKEN.exec(settings)?.[1];
  if (taken !== undefined) {
    throw new RagtuiError(
      'usage',
      `--set says ${taken}=, which the matrix varies.`,
      'Leave it to --llm, --embedder and --context.',
    );
  }
  const retrieves = contexts.includes('retrieved');
  if (retrieves && embedders.length === 0) {
    throw new RagtuiError(
      'usage',
      'A matrix that retrieves needs an embedder.',
      'Add --embedder ID, or --context gold.',
    );
  }
  const [a, b] = [llms, embedders].map((names) => withLabels(distinct(names)));
  const made = distinct(contexts).flatMap((context) =>
    (a ?? []).flatMap((llm) =>
      (context === 'retrieved' ? (b ?? []) : [null]).map((embedder) => ({ llm, embedder, context })),
    ),
  );
  // All columns of one LLM stand together: what was asked before is still warm.
  const ordered = (a ?? []).flatMap(({ id }) => made.filter(({ llm }) => llm.id === id));
  const specs = ordered.map(({ llm, embedder, context }) =>
    [
      `name=${llm.label}+${embedder?.label ?? context}`,
      `llm=${llm.id}`,
      `context=${context}`,
      ...(embedder === null ? [] : [`embedder=${embedder.id}`]),
      ...(embedder === null || /(?:^|,)\s*mode=/.test(settings) ? [] : ['mode=vector']),
      ...(settings.trim() === '' ? [] : [settings.trim()]),
    ].join(','),
  );
  if (factors({ llms, embedders: retrieves ? embedders : [], contexts }) < 2) {
    throw new RagtuiError(
      'usage',
      'A matrix varies at least two of LLM, embedder and context.',
      'For one alone: ragtui eval run with a --column each.',
    );
  }
  return specs;
}

const factors = (levels: Pick<MatrixWish, 'llms' | 'embedders' | 'contexts'>): number =>
  [levels.llms, levels.embedders, levels.contexts].filter((names) => distinct(names).length > 1).length;

const MOST_LABEL = 19;

/** `tuned=ID` or `ID`; a label holds no spaces and no `, = : /`, and no other model of the list has it. */
function withLabels(names: readonly string[]): { readonly label: string; readonly id: string }[] {
  const taken = new Set<string>();
  return names.map((text) => {
    const at = text.indexOf('=');
    const id = text.slice(at + 1).trim();
    const wish = (at > 0 ? text.slice(0, at).trim() : id).replace(/[\s,=:/]+/g, '-');
    if (id === '' || wish === '') throw new RagtuiError('usage', `"${text}" names no model.`, 'Write ID or LABEL=ID.');
    const cut = wish.slice(0, MOST_LABEL);
    const label = taken.has(cut) ? `${wish.slice(0, MOST_LABEL - 3)}~${taken.size + 1}` : cut;
    taken.add(label);
    return { label, id };
  });
}
