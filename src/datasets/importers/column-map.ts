import { RagtuiError } from '../../platform/errors.ts';
import type { JsonObject } from '../records/types.ts';
import type { DatasetKind } from '../types.ts';
import { valueAt } from './fields.ts';

/** Which column each field of a row comes from: `{question: "Q", answers: "answers.text"}`. */
export type ColumnMap = Readonly<Record<string, string>>;

/** A field of a kind, whether it must be there, and what its column is usually called, likeliest first. */
export interface MappedField {
  readonly name: string;
  readonly needed: boolean;
  readonly usual: readonly string[];
}

const ID: MappedField = { name: 'id', needed: false, usual: ['id', '_id', 'qid', 'query_id', 'question_id', 'uuid'] };
const CONTEXTS = ['context', 'context_text', 'passage', 'paragraph', 'document', 'source_text', 'text', 'reference'];
const QUESTIONS = ['question', 'query_text', 'query', 'prompt', 'q', 'user_query'];
const ANSWERS = ['answers.text', 'answers', 'answer', 'ground_truth', 'response', 'output', 'a', 'target', 'label'];

/** The fields of each kind that a column can be picked for, in the order in which they are offered. */
export const MAPPED_FIELDS: { readonly [K in DatasetKind]: readonly MappedField[] } = {
  qa: [
    { name: 'question', needed: true, usual: [...QUESTIONS, '问题'] },
    { name: 'context', needed: true, usual: [...CONTEXTS, '上下文', '文段', '段落'] },
    { name: 'answers', needed: true, usual: [...ANSWERS, '答案', '回答'] },
    ID,
    { name: 'contextId', needed: false, usual: ['context_id', 'contextId', 'passage_id', 'doc_id', 'document_id'] },
  ],
  sft: [
    {
      name: 'instruction',
      needed: true,
      usual: ['instruction', 'prompt', ...QUESTIONS, 'input', 'human', '指令', '问题'],
    },
    { name: 'input', needed: false, usual: ['input', 'context'] },
    {
      name: 'output',
      needed: true,
      usual: ['output', 'response', 'completion', 'answer', 'target', 'assistant', '输出', '回答', '答案'],
    },
    { name: 'system', needed: false, usual: ['system', 'system_prompt'] },
    { name: 'history', needed: false, usual: ['history'] },
    ID,
  ],
  retrieval: [
    { name: 'query', needed: true, usual: ['query', 'anchor', 'question', 'sentence1', 'premise', 'title', '问题'] },
    {
      name: 'pos',
      needed: true,
      usual: ['pos', 'positive', 'positives', 'passage', 'sentence2', ...CONTEXTS, 'answer', '文段'],
    },
    { name: 'neg', needed: false, usual: ['neg', 'negative', 'negatives', 'hard_negatives', 'hard_neg'] },
    { name: 'prompt', needed: false, usual: ['prompt', 'instruction'] },
  ],
  preference: [
    { name: 'prompt', needed: true, usual: ['prompt', 'instruction', ...QUESTIONS, 'input'] },
    { name: 'chosen', needed: true, usual: ['chosen', 'preferred', 'better', 'win', 'response_chosen'] },
    { name: 'rejected', needed: true, usual: ['rejected', 'dispreferred', 'worse', 'lose', 'response_rejected'] },
    { name: 'system', needed: false, usual: ['system', 'system_prompt'] },
    ID,
  ],
};

const PAIR = /\s*([A-Za-z]+)\s*=\s*(?:"((?:[^"]|"")+)"|([^\s",][^,]*?))\s*(?:,|$)/y;

/** `question=Q,context=ctx,answers="ans, long"` as a map; a name with a comma stands in quotes. Errors: `usage`. */
export function parseColumnMap(text: string): ColumnMap {
  const map: Record<string, string> = {};
  for (let at = 0; at < text.length; ) {
    PAIR.lastIndex = at;
    const [whole, field, quoted, plain] = PAIR.exec(text) ?? [];
    const column = quoted?.replaceAll('""', '"') ?? plain;
    if (whole === undefined || field === undefined || column === undefined) {
      throw new RagtuiError(
        'usage',
        `"${text.slice(at).split(',', 1)[0]?.trim()}" does not map a column.`,
        'Write field=column, e.g. question=Q,context=ctx,answers="the answer, if any".',
      );
    }
    map[field] = column;
    at += whole.length;
  }
  return map;
}

/** A map as `parseColumnMap` reads it. */
export const columnMapText = (map: ColumnMap): string =>
  Object.entries(map)
    .map(([field, column]) => `${field}=${mappedName(column)}`)
    .join(',');

/** The name of a column as it stands in the text of a map. */
export const mappedName = (column: string): string =>
  /[",]|^\s|\s$/.test(column) ? `"${column.replaceAll('"', '""')}"` : column;

/** The kind that a map makes rows of: the one whose needed fields it has all. Errors: `usage`. */
export function kindOfMap(map: ColumnMap, wanted?: DatasetKind): DatasetKind {
  const kinds = wanted ? [wanted] : (['qa', 'preference', 'retrieval', 'sft'] as const);
  const names = Object.keys(map);
  for (const kind of kinds) {
    const fields = MAPPED_FIELDS[kind];
    const complete = fields.every(({ name, needed }) => !needed || name in map);
    if (complete && names.every((name) => fields.some((field) => field.name === name))) return kind;
  }
  const said = kinds
    .map((kind) => `${kind}: ${MAPPED_FIELDS[kind].map(({ name, needed }) => (needed ? name : `[${name}]`)).join(' ')}`)
    .join('; ');
  throw new RagtuiError('usage', `The map ${names.join(', ')} makes no kind of row.`, `The fields are ${said}.`);
}

/** A likely map for each kind whose needed fields all have a column. A column is used once. */
export function guessMap(
  kind: DatasetKind,
  columns: readonly string[],
  records: readonly JsonObject[],
): ColumnMap | undefined {
  const map: Record<string, string> = {};
  const used = new Set<string>();
  const lower = new Map(columns.map((column) => [column.toLowerCase(), column]));
  const found = (usual: string): string | undefined => {
    const column = lower.get(usual.toLowerCase());
    if (column !== undefined) return column;
    return usual.includes('.') && records.some((record) => valueAt(record, usual) !== undefined) ? usual : undefined;
  };
  for (const { name, needed, usual } of MAPPED_FIELDS[kind]) {
    const column = usual.map(found).find((one) => one !== undefined && !used.has(one.split('.')[0] ?? one));
    if (column === undefined) {
      if (needed) return undefined;
      continue;
    }
    map[name] = column;
    used.add(column.split('.')[0] ?? column);
  }
  return map;
}
