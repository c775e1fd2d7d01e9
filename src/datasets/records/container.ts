import { RagtuiError } from '../../platform/errors.ts';
import { dataExtension } from './extension.ts';
import type { OpenedFile } from './open-file.ts';
import { type Container, type ContainerType, isObject } from './types.ts';

/** Under which files that are one object keep their records. */
const LIST_KEYS = ['data', 'rows', 'examples', 'items', 'records'] as const;
const DELIMITERS = [',', '\t', ';', '|'] as const;

/**
 * How a file holds its records, by its content; the name decides only where the content may be either. `forced` is
 * what the person said. Errors: `invalid` for an empty file.
 */
export function containerOf(file: OpenedFile, forced?: ContainerType): Container {
  if (file.isParquet) return { type: 'parquet' };
  const start = file.head.trimStart();
  if (start === '') throw new RagtuiError('invalid', `${file.name} is empty.`, 'Name a file with rows in it.');
  if (forced === 'parquet')
    throw new RagtuiError('invalid', `${file.name} is no Parquet file.`, 'Leave out the format: it is found.');
  if (forced === 'tsv') return { type: 'csv', delimiter: '\t' };
  if (forced === 'csv') return { type: 'csv', delimiter: delimiterOf(file.head) };
  if (forced !== undefined) return { type: forced };
  const extension = dataExtension(file.name);
  if (extension === '.csv') return { type: 'csv', delimiter: delimiterOf(file.head) };
  if (extension === '.tsv') return { type: 'csv', delimiter: '\t' };
  if (start.startsWith('[')) return { type: startsWithTexts(start, extension) ? 'jsonl' : 'json' };
  if (extension === '.jsonl' || extension === '.ndjson') return { type: 'jsonl' };
  if (start.startsWith('{')) return { type: isLines(start, file.whole) ? 'jsonl' : 'json' };
  return extension === '.json' ? { type: 'json' } : { type: 'csv', delimiter: delimiterOf(file.head) };
}

/** Lines that are lists of texts: `["a question", "its answer"]`. */
function startsWithTexts(start: string, extension: string): boolean {
  const [first = ''] = start.split('\n', 1);
  return extension !== '.json' && Array.isArray(parsed(first)) && start.slice(first.length).trimStart().startsWith('[');
}

/** One object a line, rather than one object over the file that holds the list. */
function isLines(start: string, whole: boolean): boolean {
  const [first = '', second = ''] = start.split('\n', 2);
  const value = parsed(first);
  if (!isObject(value)) return isObject(parsed(second));
  const only = whole && start.trim() === first.trim();
  return !(only && LIST_KEYS.some((key) => isList(value[key])));
}

const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isObject);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The mark that the header has most of, outside quotes. */
export function delimiterOf(head: string): string {
  const [line = ''] = head.replaceAll(/"[^"]*"/g, '').split(/[\r\n]/, 1);
  const counted = DELIMITERS.map((mark) => ({ mark, count: line.split(mark).length - 1 }));
  return counted.reduce((best, one) => (one.count > best.count ? one : best)).mark;
}
