import { stateOf } from '../item-state.ts';
import type { ItemResult } from '../types.ts';

/** One row per item and column. A cell that a spreadsheet would take for a formula gets a quote mark before it. */
export function csvReport(items: readonly ItemResult[], metrics: readonly string[]): string {
  const header = ['item', 'context', 'column', 'state', ...metrics, 'question', 'answer', 'output'];
  const rows = items.map((item) => [
    text(item.item),
    text(item.contextId),
    text(item.column),
    stateOf(item),
    ...metrics.map((name) => String(item.scores[name] ?? '')),
    text(item.question),
    text(item.answers[0] ?? ''),
    text(item.output ?? ''),
  ]);
  return `${[header, ...rows].map((row) => row.map(quoted).join(',')).join('\r\n')}\r\n`;
}

const text = (value: string): string => (/^[=+\-@\t\r]/.test(value) ? `'${value}` : value);
const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
