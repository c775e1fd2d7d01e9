import { type DatasetKind, type DatasetRow, rowSchemas } from '../types.ts';

/** What a person made of a row's text; `line` from 1, null where the fault has none. */
export type EditedRow =
  | { readonly state: 'changed'; readonly row: DatasetRow }
  | { readonly state: 'same' }
  | { readonly state: 'bad'; readonly line: number | null; readonly why: string };

/** A row as text to edit: JSON, a field to a line. Pure. */
export const rowAsText = (row: DatasetRow): string => `${JSON.stringify(row, null, 2)}\n`;

/** Reads an edited row again. A field that rows of its kind do not have is a fault: it would be lost. Pure. */
export function readEditedRow(kind: DatasetKind, before: DatasetRow, text: string): EditedRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { state: 'bad', line: faultLine(text, error), why: error instanceof Error ? error.message : String(error) };
  }
  const parsed = rowSchemas[kind].safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') ?? '';
    return { state: 'bad', line: lineOfField(text, issue?.path[0]), why: `${where} ${issue?.message ?? ''}`.trim() };
  }
  const row = parsed.data;
  const unknown = Object.keys(Object(value)).find((field) => !(field in row));
  if (unknown !== undefined) {
    return { state: 'bad', line: lineOfField(text, unknown), why: `a ${kind} row has no field "${unknown}"` };
  }
  return JSON.stringify(row) === JSON.stringify(before) ? { state: 'same' } : { state: 'changed', row };
}

/** Node names the line, or the position, or neither where the text ends too early. */
function faultLine(text: string, error: unknown): number | null {
  const message = error instanceof Error ? error.message : '';
  const line = /\(line (\d+) column \d+\)/.exec(message)?.[1];
  if (line) return Number(line);
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position) return lineAt(text, Number(position));
  return message.includes('end of JSON') ? lineAt(text, text.trimEnd().length) : null;
}

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

/** The first line that begins with this field at the outermost level of our own layout. */
function lineOfField(text: string, field: PropertyKey | undefined): number | null {
  const at = text.split('\n').findIndex((line) => line.trimStart().startsWith(`${JSON.stringify(String(field))}:`));
  return at < 0 ? null : at + 1;
}
