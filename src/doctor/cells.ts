import { writeSync } from 'node:fs';

/** A slow line has answered by then; a terminal that never does must not hold the command up. */
const ANSWER_MS = 1000;

/**
 * How many cells the terminal gives `text`: it is written at the start of a row, the cursor's place asked for (DSR 6), and
 * the row erased. Null where stdin or stdout is no terminal, or no answer comes.
 */
export function cellsOf(text: string): Promise<number | null> {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return Promise.resolve(null);
  return new Promise((resolve) => {
    let said = '';
    const wasRaw = stdin.isRaw;
    const end = (cells: number | null): void => {
      clearTimeout(timer);
      stdin.off('data', onData);
      stdin.setRawMode(wasRaw);
      stdin.pause();
      writeSync(stdout.fd, '\r\u001b[K');
      resolve(cells);
    };
    const onData = (data: Buffer): void => {
      said += data.toString('latin1');
      const column = cursorColumn(said);
      if (column !== undefined) end(column - 1);
    };
    const timer = setTimeout(() => end(null), ANSWER_MS);
    stdin.setRawMode(true);
    stdin.on('data', onData);
    stdin.resume();
    writeSync(stdout.fd, `\r${text}\u001b[6n`);
  });
}

/** The column of a cursor position report in what a terminal sent. Pure. */
export function cursorColumn(bytes: string): number | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a report begins with ESC
  const column = /\u001b\[\d+;(\d+)R/.exec(bytes)?.[1];
  return column === undefined ? undefined : Number(column);
}
