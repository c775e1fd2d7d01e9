import { lineBatches } from '../lines.ts';
import { csvRecords, firstCsvRecords } from './csv.ts';
import { firstElements, jsonElements } from './json-elements.ts';
import type { OpenedFile } from './open-file.ts';
import { firstParquetRecords, parquetRecords } from './parquet.ts';
import { jsonRecord } from './parse-json.ts';
import type { Container, RawRecord } from './types.ts';

/**
 * All records of a file in batches, in bounded memory. `listKey` names the list of a JSON file that is one object.
 * Errors: `invalid` and `corrupt` when the file as a whole cannot be read; what is wrong with one record is in it.
 */
export function readRecords(file: OpenedFile, container: Container, listKey: string): AsyncGenerator<RawRecord[]> {
  switch (container.type) {
    case 'parquet':
      return parquetRecords(file);
    case 'csv':
      return csvRecords(file.text(), container.delimiter, file.damaged);
    case 'json':
      return jsonRecords(file, listKey);
    case 'jsonl':
      return lineRecords(file);
  }
}

async function* jsonRecords(file: OpenedFile, listKey: string): AsyncGenerator<RawRecord[]> {
  for await (const batch of jsonElements(file.text(), listKey))
    yield batch.map(({ line, text }) => jsonRecord(line, text, file.damaged()));
}

async function* lineRecords(file: OpenedFile): AsyncGenerator<RawRecord[]> {
  let line = 0;
  for await (const batch of lineBatches(file.text())) {
    const records: RawRecord[] = [];
    for (const text of batch) {
      line++;
      if (text.trim() !== '') records.push(jsonRecord(line, text, file.damaged()));
    }
    yield records;
  }
}

/** The first records of a file, of its first MB at most, and its columns in the order of the file. */
export async function firstRecords(
  file: OpenedFile,
  container: Container,
  listKey: string,
  count: number,
): Promise<{ columns: readonly string[]; records: RawRecord[] }> {
  if (container.type === 'parquet') return firstParquetRecords(file, count);
  if (container.type === 'csv') {
    const { columns, records } = firstCsvRecords(file.head, container.delimiter, file.whole);
    return { columns, records: records.slice(0, count) };
  }
  const records = (container.type === 'json' ? firstJson(file, listKey) : firstLines(file)).slice(0, count);
  const columns = new Set<string>();
  for (const { value } of records)
    if (typeof value !== 'string') for (const name of Object.keys(value)) columns.add(name);
  return { columns: [...columns], records };
}

function firstJson(file: OpenedFile, listKey: string): RawRecord[] {
  return firstElements(file.head, listKey).elements.map(({ line, text }) => jsonRecord(line, text, false));
}

function firstLines(file: OpenedFile): RawRecord[] {
  const lines = file.head.split('\n');
  if (!file.whole) lines.pop();
  return lines.flatMap((text, at) => (text.trim() === '' ? [] : [jsonRecord(at + 1, text, false)]));
}
