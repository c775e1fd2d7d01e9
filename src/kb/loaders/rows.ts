import { createHash } from 'node:crypto';
import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import type { ExtractedDocument } from '../types.ts';
import type { ParsedLoadOptions } from './types.ts';

/** A row of a table or a line of jsonl: named values. */
export type Row = Readonly<Record<string, unknown>>;

// In order of preference; compared in lower case.
const CONTEXT_NAMES = ['context', 'context_text'];
const TEXT_NAMES = ['text', 'content', 'body', 'passage', 'document', 'chunk', 'page_content', '正文', '内容', '文本'];
const TITLE_NAMES = ['title', 'name', 'subject', 'heading', '标题', '题目'];
const ID_NAMES = [
  'id',
  '_id',
  'uid',
  'uuid',
  'key',
  'doc_id',
  'docid',
  'document_id',
  'context_id',
  'contextid',
  'pid',
  '编号',
  '序号',
];
/** Belong to one question of a context, not to the context. */
const QUESTION_NAMES = new Set(['question', 'questions', 'query', 'answer', 'answers', 'response', 'qas']);
const METADATA_CHARS = 1000;

/**
 * One document per row. The text is the column asked for, else a `context` column (equal contexts are one document
 * then, as in question sets), else a column called `text`, `content`, …, else all values as "name: value" lines.
 * Keys are the id column where it is unique, else a hash of the text and which of its equals it is. `rows` is
 * called once more, before, when there is an id column to check.
 */
export async function* documentsOfRows(
  file: string,
  rows: () => AsyncIterable<Row> | Iterable<Row>,
  options: ParsedLoadOptions,
  metadata: ExtractedDocument['metadata'] = {},
): AsyncGenerator<ExtractedDocument> {
  const idColumn = await uniqueIdColumn(rows);
  const seen = new Map<string, number>();
  for await (const row of rows()) {
    const names = namesOf(row, options);
    const text = names.text === undefined ? asLines(row) : asText(row[names.text]);
    if (text.trim() === '') continue;
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
    const times = (seen.get(digest) ?? 0) + 1;
    seen.set(digest, times);
    if (names.isContext && times > 1) continue;
    const id = idColumn && !names.isContext ? asText(row[idColumn]) : digest + (times > 1 ? `-${times}` : '');
    const title = names.title === undefined ? '' : asText(row[names.title]).trim();
    const others = names.text === undefined ? {} : rest(row, names);
    yield { key: id, title: title || path.basename(file), text, metadata: { ...others, ...metadata } };
  }
}

interface Names {
  readonly text: string | undefined;
  readonly title: string | undefined;
  /** The text is a question set's context, chosen by its name. */
  readonly isContext: boolean;
}

function namesOf(row: Row, options: ParsedLoadOptions): Names {
  const title = options.titleColumn === undefined ? find(row, TITLE_NAMES) : asked(row, options.titleColumn);
  if (options.textColumn !== undefined) return { text: asked(row, options.textColumn), title, isContext: false };
  const context = find(row, CONTEXT_NAMES);
  if (context !== undefined) return { text: context, title, isContext: true };
  return { text: find(row, TEXT_NAMES), title, isContext: false };
}

function asked(row: Row, column: string): string {
  if (Object.hasOwn(row, column)) return column;
  throw new RagtuiError('usage', `There is no column "${column}".`, `There are: ${Object.keys(row).join(', ')}.`);
}

function find(row: Row, names: readonly string[]): string | undefined {
  const byLowerCase = new Map(Object.keys(row).map((name) => [name.trim().toLowerCase(), name]));
  for (const name of names) {
    const found = byLowerCase.get(name);
    if (found !== undefined && ['string', 'number'].includes(typeof row[found])) return found;
  }
  return undefined;
}

/** The id column if every row has a value in it and no two the same. */
async function uniqueIdColumn(rows: () => AsyncIterable<Row> | Iterable<Row>): Promise<string | undefined> {
  let column: string | undefined;
  const seen = new Set<string>();
  for await (const row of rows()) {
    column ??= find(row, ID_NAMES);
    if (column === undefined) return undefined;
    const id = asText(row[column]);
    if (id === '' || id.length > 200 || seen.has(id)) return undefined;
    seen.add(id);
  }
  return column;
}

function asLines(row: Row): string {
  return Object.entries(row)
    .map(([name, value]) => [name, asText(value)] as const)
    .filter(([, value]) => value.trim() !== '')
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}

/** Short values of the other columns, for filters. */
function rest(row: Row, names: Names): ExtractedDocument['metadata'] {
  const found: ExtractedDocument['metadata'] = {};
  for (const [name, value] of Object.entries(row)) {
    if (name === names.text || name === names.title || QUESTION_NAMES.has(name.trim().toLowerCase())) continue;
    if (typeof value === 'number' || typeof value === 'boolean') found[name] = value;
    else if (typeof value === 'string' && value !== '' && value.length <= METADATA_CHARS) found[name] = value;
  }
  return found;
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string'
    ? value.replaceAll('\r\n', '\n')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}
