import type { ColumnRun } from '../../../stores/compare.ts';
import { lastTimes, PACE_MS, type StreamBuffer } from '../../../stores/stream-buffer.ts';
import type { Answer, Cost, StreamTiming } from '../../rag/types.ts';

/** The numbers of one column. Null = not there (yet): never 0 for what is missing. */
export interface ColumnFigures {
  readonly firstTokenMs: number | null;
  /** Over the last two seconds; only while it streams. */
  readonly rateNow: number | null;
  /** Between the first and the last token. */
  readonly rate: number | null;
  /** Tokens a second, one value each half second of the answer. */
  readonly pace: readonly number[];
  readonly gapP50Ms: number | null;
  readonly gapP95Ms: number | null;
  readonly promptTokens: number | null;
  readonly answerTokens: number | null;
  /** The tokens of the answer were counted by us (pieces), the server has not told them. */
  readonly answerEstimated: boolean;
  readonly promptEstimated: boolean;
  readonly retrievalMs: number | null;
  readonly embeddingMs: number | null;
  readonly totalMs: number | null;
  readonly cost: Cost | null;
  readonly retries: number | null;
}

/** "Now" is so long, ms. */
export const WINDOW_MS = 2000;
/** Below this a rate would be that of a single piece, ms. */
const SHORTEST_MS = 250;

/** What is known of a column at the clock `now` (the clock of its `startedAt`). Pure. */
export function columnFigures(run: ColumnRun, now: number): ColumnFigures {
  const at = run.endedAt ?? now;
  return run.result?.answer ? answerFigures(run.result.answer) : runningFigures(run, at);
}

/** The numbers of an answer that is there: of a column that ended, or of one from the history. Pure. */
export function answerFigures({ timing, usage, stream, hits, models, messages, cost, retries }: Answer): ColumnFigures {
  const asked = messages.length > 0;
  const searched = timing.retrievalMs > 0 || hits.length > 0;
  return {
    firstTokenMs: timing.firstTokenMs,
    rateNow: null,
    rate: timing.tokensPerSecond,
    pace: stream ? paceOf(stream) : [],
    gapP50Ms: timing.gapP50Ms,
    gapP95Ms: timing.gapP95Ms,
    promptTokens: asked ? usage.promptTokens : null,
    answerTokens: asked ? usage.completionTokens : null,
    answerEstimated: usage.estimated ?? false,
    promptEstimated: usage.estimated ?? false,
    retrievalMs: searched ? timing.retrievalMs : null,
    embeddingMs: models.embedder === null ? null : timing.embeddingMs,
    totalMs: timing.totalMs,
    cost,
    retries: asked ? retries : null,
  };
}

function runningFigures(run: ColumnRun, at: number): ColumnFigures {
  const { buffer, search, promptTokens, startedAt, phase, endedAt } = run;
  const { askedAt, firstAt, pieces } = buffer;
  const begun = phase !== 'waiting' && startedAt > 0;
  return {
    firstTokenMs: firstAt === null || askedAt === null ? null : firstAt - askedAt,
    rateNow: endedAt === null ? rateNow(buffer, at) : null,
    rate: meanRate(buffer),
    pace: buffer.times.pace.map((count) => (count * 1000) / PACE_MS),
    ...liveGaps(buffer),
    promptTokens,
    answerTokens: pieces === 0 && firstAt === null ? null : pieces,
    answerEstimated: true,
    promptEstimated: false,
    // One without an answer that was opened from the history: its search was kept, the time it took was not.
    retrievalMs: begun && search ? search.timing.retrievalMs : null,
    embeddingMs: begun && search && search.embedder !== null ? search.timing.embeddingMs : null,
    totalMs: begun ? at - startedAt : null,
    cost: null,
    retries: null,
  };
}

/** Tokens a second over the last `WINDOW_MS` up to `now`; 0 = it stalls; null before there is enough to tell. Pure. */
export function rateNow(buffer: StreamBuffer, now: number): number | null {
  if (buffer.firstAt === null) return null;
  const times = lastTimes(buffer);
  // More pieces than are kept: the window begins with the oldest of them.
  const known = times.length < buffer.pieces ? (times[0] ?? buffer.firstAt) : buffer.firstAt;
  const from = Math.max(known, now - WINDOW_MS);
  if (now - from < SHORTEST_MS) return null;
  // The piece at `from` opens the interval.
  const within = times.reduce((count, at) => count + (at > from && at <= now ? 1 : 0), 0);
  return (within * 1000) / (now - from);
}

/** n tokens lie n − 1 intervals apart; null below two. */
function meanRate(buffer: StreamBuffer): number | null {
  const last = lastTimes(buffer, 1)[0];
  if (buffer.firstAt === null || last === undefined || buffer.pieces < 2) return null;
  const ms = last - buffer.firstAt;
  return ms > 0 ? ((buffer.pieces - 1) * 1000) / ms : null;
}

/** Median and 95th percentile (nearest rank) of the gaps between the last pieces. */
function liveGaps(buffer: StreamBuffer): { gapP50Ms: number | null; gapP95Ms: number | null } {
  const times = lastTimes(buffer);
  const gaps = times.subarray(1).map((at, i) => at - (times[i] ?? at));
  gaps.sort();
  const rank = (share: number): number | null => gaps[Math.ceil(share * gaps.length) - 1] ?? null;
  return { gapP50Ms: rank(0.5), gapP95Ms: rank(0.95) };
}

/** Pieces a second by half seconds since the first piece. Pure. */
function paceOf({ atMs }: StreamTiming): number[] {
  const first = atMs[0];
  if (first === undefined) return [];
  const steps: number[] = [];
  for (const at of atMs) {
    const step = Math.max(0, Math.floor((at - first) / PACE_MS));
    while (steps.length <= step) steps.push(0);
    steps[step] = (steps[step] ?? 0) + 1000 / PACE_MS;
  }
  return steps;
}

/** Figures that can be better or worse, and which way. */
export const BETTER = {
  firstTokenMs: 'lower',
  rateNow: 'higher',
  rate: 'higher',
  gapP50Ms: 'lower',
  gapP95Ms: 'lower',
  retrievalMs: 'lower',
  embeddingMs: 'lower',
  totalMs: 'lower',
  retries: 'lower',
} as const satisfies Partial<Record<keyof ColumnFigures, 'lower' | 'higher'>>;
export type Ranked = keyof typeof BETTER;

/**
 * The columns with the best value of a figure: none where fewer than two have one, or all have the same. `by` rounds
 * as the screen does, so that what reads the same is the same. Pure.
 */
export function bestOf(
  columns: readonly (ColumnFigures | null)[],
  figure: Ranked,
  shown: (value: number) => string,
): ReadonlySet<number> {
  const there = columns.flatMap((each, at) => {
    const value = each?.[figure];
    return value === null || value === undefined ? [] : [{ at, value }];
  });
  if (there.length < 2) return new Set();
  const sorted = there.toSorted((a, b) => (BETTER[figure] === 'lower' ? a.value - b.value : b.value - a.value));
  const best = shown(sorted[0]?.value ?? 0);
  const winners = there.filter(({ value }) => shown(value) === best);
  return winners.length === there.length ? new Set() : new Set(winners.map(({ at }) => at));
}
