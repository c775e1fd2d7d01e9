import type { AnyDataset } from '../open.ts';
import { replaceText } from '../write-lines.ts';
import { type Cell, type TableShape, tableShape } from './columns.ts';
import { rowsOf } from './jsonl.ts';
import { exportFile } from './rows.ts';
import type { Exporter } from './types.ts';

/** What a spreadsheet takes for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** RFC 4180. One answer or passage stands as it is, several as a JSON list; everything else nested as JSON. */
export const csv: Exporter = {
  id: 'csv',
  title: 'CSV',
  description: 'a table with a header; several answers or passages in a cell as a JSON list',
  kinds: ['qa', 'sft', 'retrieval', 'preference'],
  // An absent text and an empty one are the same in a table.
  lossless: [],
  async write(dataset, part, folder, { spreadsheet = false }) {
    const shape = await tableShape(dataset, part);
    const file = exportFile(dataset, part, folder, '.csv');
    const counted = { formulas: 0 };
    const rows = await replaceText(file, lines(dataset, part, shape, spreadsheet, counted));
    const { formulas } = counted;
    const notes = formulas > 0 ? [formulaNote(formulas, spreadsheet)] : [];
    return { file, files: [file], rows: rows - 1, omitted: 0, notes };
  },
};

function formulaNote(cells: number, escaped: boolean): string {
  const begin = `${cells} cells begin with =, +, - or @`;
  return escaped
    ? `${begin}; an apostrophe stands before them, so the file is for a spreadsheet and not for training.`
    : `${begin}: a spreadsheet may run them as formulas. Open it as text, or export with --spreadsheet.`;
}

async function* lines(
  dataset: AnyDataset,
  part: string | undefined,
  { columns, cells }: TableShape,
  spreadsheet: boolean,
  counted: { formulas: number },
): AsyncGenerator<string> {
  yield `${columns.map(({ name }) => name).join(',')}\r\n`;
  for await (const row of rowsOf(dataset, part)) {
    const found = cells(row);
    const texts = columns.map(({ name }) => {
      const plain = cellText(found[name] ?? null);
      if (!FORMULA.test(plain)) return quoted(plain);
      counted.formulas++;
      return quoted(spreadsheet ? `'${plain}` : plain);
    });
    yield `${texts.join(',')}\r\n`;
  }
}

function cellText(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'string') return cell;
  if ('value' in cell) return JSON.stringify(cell.value);
  const [only] = cell;
  // A text that looks like a list would be read back as one.
  return cell.length === 1 && only !== undefined && !only.trimStart().startsWith('[') ? only : JSON.stringify(cell);
}

const quoted = (text: string): string => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
