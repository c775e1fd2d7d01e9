/** What torchrun says of several processes. */
export interface FirstFailure {
  readonly rank: number;
  /** Negative: ended by that signal. */
  readonly exitCode: number | null;
  /** The lines of torchrun's own report that say so. */
  readonly lines: readonly string[];
}

const OF_RANK = /^\[(?:default|rank)?(\d+)\]:\s?(.*)$/;

/** The line without the mark of the process that wrote it, `[rank2]: `. */
export const withoutRank = (line: string): string => OF_RANK.exec(line)?.[2] ?? line;
export const rankOfLine = (line: string): number | undefined => {
  const rank = OF_RANK.exec(line)?.[1];
  return rank === undefined ? undefined : Number(rank);
};

/**
 * The process that failed first, from torchrun's `Root Cause (first observed failure)` or, when that is cut off, the
 * line of its agent. Undefined where torchrun said nothing.
 */
export function firstFailure(lines: readonly string[]): FirstFailure | undefined {
  const root = lines.findLastIndex((line) => /Root Cause \(first observed failure\)/.test(line));
  if (root >= 0) {
    const block = lines.slice(root, root + 8);
    const rank = block.find((line) => /^\s*rank\s*:/.test(line));
    const code = block.find((line) => /^\s*exitcode\s*:/.test(line));
    const number = /:\s*(\d+)/.exec(rank ?? '')?.[1];
    if (number !== undefined) return made(Number(number), codeOf(code), [rank, code]);
  }
  const agent = lines.find((line) => /failed \(exitcode: -?\d+\) local_rank: \d+/.test(line));
  const [, code, rank] = /failed \(exitcode: (-?\d+)\) local_rank: (\d+)/.exec(agent ?? '') ?? [];
  return rank === undefined ? undefined : made(Number(rank), Number(code), [agent]);
}

const codeOf = (line: string | undefined): number | null => {
  const code = /:\s*(-?\d+)/.exec(line ?? '')?.[1];
  return code === undefined ? null : Number(code);
};
const made = (rank: number, exitCode: number | null, lines: readonly (string | undefined)[]): FirstFailure => ({
  rank,
  exitCode,
  lines: lines.flatMap((line) => (line === undefined ? [] : [line.trim()])),
});
