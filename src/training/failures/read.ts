import type { EngineExit } from '../engine-process.ts';
import { CAUSES, type Cause } from './causes.ts';
import { memoryNumbers } from './memory-numbers.ts';
import { firstFailure, rankOfLine, withoutRank } from './ranks.ts';
import type { Failure } from './types.ts';

/** How an engine ended. */
export interface EngineEnd extends EngineExit {
  /** The kernel, or the control group, killed something for memory while it ran. */
  readonly oomKilled?: boolean;
}

const MOST_LINES = 5;
const LONGEST_LINE = 300;

/**
 * What made an engine fail, from how it ended and the end of its output (stderr, several processes mixed). A signal
 * that nobody catches leaves no words of its own, so it comes first; then the first cause of which a line is found,
 * before what torchrun wraps around it. Pure; any cut of the output is fine.
 */
export function readFailure(engine: string, end: EngineEnd, output: string): Failure {
  const lines = output.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const first = firstFailure(lines);
  const killed = end.signal === 'SIGKILL' || first?.exitCode === -9;
  const fatal = fromTraceback(lines);
  const told = causeIn(fatal) ? fatal : lines;
  const cause = causeIn(told);
  if (killed && cause?.kind !== 'memory') return ofKill(engine, end, first ?? null);
  if (cause) return ofCause(engine, cause, told, first?.rank ?? null);
  return ofNothingKnown(engine, end, lines, first ?? null);
}

const causeIn = (lines: readonly string[]): Cause | undefined =>
  CAUSES.find(
    ({ pattern, also }) =>
      lines.some((line) => pattern.test(withoutRank(line))) && (!also || lines.some((line) => also.test(line))),
  );

/** What comes before the first traceback are warnings, which say much that is no cause. */
function fromTraceback(lines: readonly string[]): readonly string[] {
  const at = lines.findIndex((line) => /^Traceback \(most recent call last\)/.test(withoutRank(line)));
  return at < 0 ? [] : lines.slice(at);
}

function ofCause(engine: string, cause: Cause, lines: readonly string[], firstRank: number | null): Failure {
  const at = lines.findIndex((line) => cause.pattern.test(withoutRank(line)));
  const found = lines[at] ?? '';
  const rank = rankOfLine(found) ?? firstRank;
  // Whatever it says goes on over line ends; the next frame of a traceback or another process ends it.
  const more = lines.slice(at + 1, at + 3).filter((line) => goesOn(line) && rankOfLine(line) === rankOfLine(found));
  const last = lastException(lines, rank);
  const evidence = unique([...shown([found, ...more]), ...(last === undefined ? [] : shown([last]))]);
  const said = shown([found])[0]?.replace(/\.$/, '') ?? '';
  return {
    kind: cause.kind,
    code: cause.code,
    message: `${cause.message} (${ofRank(engine, rank)}: ${said}).`,
    hint: cause.hint,
    lines: evidence.slice(0, MOST_LINES),
    rank,
    memory: cause.kind === 'memory' ? memoryNumbers(found) : null,
    rung: null,
  };
}

function ofKill(
  engine: string,
  { oomKilled }: EngineEnd,
  first: { rank: number; lines: readonly string[] } | null,
): Failure {
  const rank = first?.rank ?? null;
  const memory = oomKilled === true;
  return {
    kind: memory ? 'memory' : 'killed',
    code: 'unavailable',
    message: memory
      ? `The system ended ${ofRank(engine, rank)} because memory ran out.`
      : `${ofRank(engine, rank)} was killed from outside; most often the system was out of memory.`,
    hint: memory
      ? 'Use a smaller batch, or shorter texts.'
      : 'Resume the job; if it is killed again, close other programs or use a smaller batch.',
    lines: [...(first?.lines ?? [])].slice(0, MOST_LINES),
    rank,
    memory: null,
    rung: null,
  };
}

function ofNothingKnown(
  engine: string,
  { code, signal }: EngineEnd,
  lines: readonly string[],
  first: { rank: number; exitCode: number | null; lines: readonly string[] } | null,
): Failure {
  const rank = first?.rank ?? null;
  const ended = signal ? `was ended by ${signal}` : `ended with exit code ${code ?? 'none'}`;
  const last = lastException(lines, rank) ?? lines.at(-1);
  const said = last === undefined ? '' : (shown([last])[0] ?? '').replace(/\.$/, '');
  return {
    kind: 'unknown',
    code: 'unavailable',
    message: `${ofRank(engine, rank)} ${ended}${said ? `: ${said}` : ''}.`,
    hint: 'See stdout.log and stderr.log in the folder of the job (`ragtui jobs show`).',
    lines: unique([...(said ? [said] : []), ...(first?.lines ?? [])]).slice(0, MOST_LINES),
    rank,
    memory: null,
    rung: null,
  };
}

const ofRank = (engine: string, rank: number | null): string => (rank === null ? engine : `${engine}, process ${rank}`);

const EXCEPTION = /^[\w.]*(?:Error|Exception|Exit|Interrupt)\b/;
/** torchrun's own, in which the real one is only counted. */
const WRAPPER = /ChildFailedError|CalledProcessError/;

/** The last line that names a Python exception, of the process that failed first where it has one. */
function lastException(lines: readonly string[], rank: number | null): string | undefined {
  const named = lines.filter((line) => EXCEPTION.test(withoutRank(line).trim()) && !WRAPPER.test(line));
  return named.findLast((line) => rank === null || rankOfLine(line) === rank) ?? named.at(-1);
}

/** A line that still belongs to the one above it. */
const goesOn = (line: string): boolean => {
  const text = withoutRank(line);
  return (
    !/^\s*(?:File "|Traceback|\^|frame #|During handling|The above exception|\d+%\||={3}|-{3})/.test(text) &&
    !EXCEPTION.test(text.trim()) &&
    text.length < LONGEST_LINE
  );
};

const shown = (lines: readonly string[]): string[] =>
  lines.map((line) => withoutRank(line).trim().slice(0, LONGEST_LINE)).filter(Boolean);
const unique = (lines: readonly string[]): string[] => [...new Set(lines)];
