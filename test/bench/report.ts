import stringWidth from 'string-width';
import type { Machine } from './machine.ts';
import type { BenchRow, Budget } from './types.ts';

export type Verdict = 'ok' | 'MISSED' | '';

export interface Outcome {
  readonly name: string;
  readonly about: string;
  readonly seconds: number;
  readonly rows: readonly BenchRow[];
  readonly error?: string;
}

export interface Report {
  readonly startedAt: string;
  readonly machine: Machine;
  readonly quick: boolean;
  readonly load: { readonly before: number; readonly after: number };
  readonly benchmarks: readonly Outcome[];
}

/** Whether a measure keeps its budget; a number that could not be had does not. */
export function verdict({ budget, value, ratio }: BenchRow): Verdict {
  if (!budget) return '';
  const held = budget.of === 'ratio' ? (ratio ?? Number.NaN) : value;
  const { most = Number.POSITIVE_INFINITY, least = Number.NEGATIVE_INFINITY } = budget;
  return held <= most && held >= least ? 'ok' : 'MISSED';
}

const HEAD = ['measure', 'value', 'unit', 'min … max', 'ratio', 'budget', '', 'note'];

/** The rows of one benchmark as a table, columns aligned. */
export function table(rows: readonly BenchRow[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => stringWidth(row[column] ?? ''))));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => pad(cell, column === HEAD.length - 1 ? 0 : (widths[column] ?? 0), column === 1))
      .join('  ')
      .trimEnd();
  return cells.map(line).join('\n');
}

function cellsOf(row: BenchRow): string[] {
  const { measure, value, unit, min, max, ratio, budget, note = '' } = row;
  const range = min === undefined || max === undefined ? '' : `${format(min)} … ${format(max)}`;
  const compared = ratio === undefined ? '' : `${ratio.toFixed(2)}×`;
  return [measure, format(value), unit, range, compared, budgetText(budget), verdict(row), note];
}

function budgetText(budget: Budget | undefined): string {
  if (!budget) return '';
  const times = budget.of === 'ratio' ? '×' : '';
  const parts = [
    budget.least === undefined ? '' : `≥ ${format(budget.least)}${times}`,
    budget.most === undefined ? '' : `≤ ${format(budget.most)}${times}`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** Three figures that matter. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return right ? space + text : text + space;
}

export function machineLine({ machine, load, quick }: Pick<Report, 'machine' | 'load' | 'quick'>): string {
  const { cpu, cores, memoryGb, system, node, commit } = machine;
  const loads = `load ${load.before.toFixed(2)} before, ${load.after.toFixed(2)} after`;
  return `${cores} cores of ${cpu}, ${memoryGb} GB, ${system}, Node ${node}, commit ${commit}; ${loads}${quick ? '; quick run' : ''}`;
}
