import type { RowProblem } from './types.ts';

/** `train.jsonl, line 12: left out: it is not JSON.` */
export function problemLine({ severity, file, line, message }: RowProblem): string {
  const place = `line ${line}: ${severity === 'skipped' ? 'left out: ' : ''}${message}`;
  return file === undefined ? place : `${file}, ${place}`;
}
