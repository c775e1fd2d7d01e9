export interface TerminalSize {
  /** In cells. */
  readonly columns: number;
  readonly rows: number;
}

interface Sized {
  readonly columns?: number;
  readonly rows?: number;
}

/** Size of the terminal behind `stdout`; a terminal that reports 0 (serial lines, some containers) is COLUMNS×LINES or 80×24. */
export function readSize(stdout: Sized, env: NodeJS.ProcessEnv): TerminalSize {
  return {
    columns: stdout.columns || positive(env['COLUMNS']) || 80,
    rows: stdout.rows || positive(env['LINES']) || 24,
  };
}

function positive(text: string | undefined): number | undefined {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}
