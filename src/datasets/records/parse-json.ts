import { isObject, type JsonObject, type RawRecord } from './types.ts';

/** A piece of JSON as a record. A list of texts, as pair files have them, becomes `{"0": …, "1": …}`. */
export function jsonRecord(line: number, text: string, damaged: boolean): RawRecord {
  if (damaged && text.includes('\ufffd')) return { line, value: 'it has bytes that are no text in its encoding' };
  return { line, value: parsed(text) };
}

function parsed(text: string): JsonObject | string {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
    const texts = Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string');
    return texts ? Object.fromEntries(value.entries()) : 'it is not a JSON object';
  } catch {
    return 'it is not JSON';
  }
}
