import type { Histogram, PartReading, ServerReading } from './metrics-reading.ts';
import type { EnginePart, Percentiles, ServerFigures } from './metrics-types.ts';

interface Moment {
  /** Milliseconds of a clock that only goes forward. */
  readonly at: number;
  readonly reading: ServerReading;
}

/** Shares and percentiles are over so much time, ms. */
const WINDOW_MS = 60_000;
/** Readings further apart say nothing about now. */
const STALE_MS = 10_000;
/** Readings closer than this give rates of single tokens. */
const SHORTEST_MS = 200;

export interface ServerWatch {
  /** Takes in a reading; gives what the server does now. `restarted` = its counters went back since the last one. */
  add(at: number, reading: ServerReading): { readonly figures: ServerFigures; readonly restarted: boolean };
}

/** Turns counters since the server's start into what happens now, and notices when they begin anew. */
export function createServerWatch(): ServerWatch {
  let moments: Moment[] = [];
  return {
    add(at, reading) {
      const last = moments.at(-1);
      const restarted = last !== undefined && wentBack(last.reading, reading);
      if (restarted || (last !== undefined && at - last.at > STALE_MS)) moments = [];
      moments = [...moments.filter((moment) => at - moment.at <= WINDOW_MS), { at, reading }];
      return { figures: figuresOf(moments), restarted };
    },
  };
}

/** A counter that went down, or another start of the process. */
function wentBack(before: ServerReading, now: ServerReading): boolean {
  const { startedAt } = before;
  if (startedAt !== null && now.startedAt !== null && Math.abs(startedAt - now.startedAt) > 1) return true;
  const counters = ['promptTokens', 'generationTokens', 'prefixAsked', 'prefixFound', 'preemptions'] as const;
  const total = (histogram: Histogram | null) => histogram?.cumulative.at(-1) ?? null;
  return [
    ...counters.map((name) => [before[name], now[name]] as const),
    [total(before.firstToken), total(now.firstToken)] as const,
    [total(before.gap), total(now.gap)] as const,
  ].some(([was, is]) => was !== null && is !== null && is < was);
}

function figuresOf(moments: readonly Moment[]): ServerFigures {
  const now = moments.at(-1);
  const first = moments[0];
  if (!now || !first) return NOTHING;
  const { running, waiting, kvCache, prefixShare, lora, parts } = now.reading;
  // The newest one that is far enough away.
  const before = moments.findLast(({ at }) => now.at - at >= SHORTEST_MS);
  const seconds = before ? (now.at - before.at) / 1000 : 0;
  const rate = (name: 'promptTokens' | 'generationTokens'): number | null => {
    const grown = difference(before?.reading[name], now.reading[name]);
    return grown === null || seconds === 0 ? null : grown / seconds;
  };
  const asked = difference(first.reading.prefixAsked, now.reading.prefixAsked);
  const found = difference(first.reading.prefixFound, now.reading.prefixFound);
  return {
    running,
    waiting,
    kvCache,
    prefixHits: asked !== null && found !== null ? (asked > 0 ? Math.min(1, found / asked) : null) : prefixShare,
    promptRate: rate('promptTokens'),
    generationRate: rate('generationTokens'),
    firstTokenMs: percentiles(first.reading.firstToken, now.reading.firstToken),
    gapMs: percentiles(first.reading.gap, now.reading.gap),
    preemptions: moments.length > 1 ? difference(first.reading.preemptions, now.reading.preemptions) : null,
    lora,
    ...(parts.length > 0 ? { parts: parts.map((part) => partOf(part, before?.reading.parts, seconds)) } : {}),
  };
}

function partOf(part: PartReading, before: readonly PartReading[] | undefined, seconds: number): EnginePart {
  const { name, running, waiting, kvCache, generationTokens } = part;
  const grown = difference(before?.find((one) => one.name === name)?.generationTokens, generationTokens);
  return { name, running, waiting, kvCache, generationRate: grown === null || seconds === 0 ? null : grown / seconds };
}

const NOTHING: ServerFigures = {
  running: null,
  waiting: null,
  kvCache: null,
  prefixHits: null,
  promptRate: null,
  generationRate: null,
  firstTokenMs: null,
  gapMs: null,
  preemptions: null,
  lora: null,
};

const difference = (from: number | null | undefined, to: number | null): number | null =>
  from === null || from === undefined || to === null ? null : to - from;

function percentiles(from: Histogram | null, to: Histogram | null): Percentiles | null {
  const p50 = quantileBetween(from, to, 0.5);
  const p95 = quantileBetween(from, to, 0.95);
  return p50 === null || p95 === null ? null : { p50: p50 * 1000, p95: p95 * 1000 };
}

/**
 * A quantile of what came between two states of a histogram, as Prometheus' `histogram_quantile` has it: linear within
 * its bucket, the highest finite bound for what lies beyond. Null when nothing came, or the buckets are others.
 */
export function quantileBetween(from: Histogram | null, to: Histogram | null, share: number): number | null {
  if (!from || !to || from.bounds.length !== to.bounds.length) return null;
  if (from.bounds.some((bound, i) => bound !== to.bounds[i])) return null;
  const counts = to.cumulative.map((count, i) => count - (from.cumulative[i] ?? 0));
  const total = counts.at(-1) ?? 0;
  if (total <= 0) return null;
  const rank = share * total;
  const at = counts.findIndex((count) => count >= rank);
  const bound = to.bounds[at] ?? Number.POSITIVE_INFINITY;
  const below = to.bounds[at - 1] ?? 0;
  if (bound === Number.POSITIVE_INFINITY) return at > 0 ? below : null;
  const lower = counts[at - 1] ?? 0;
  const within = (counts[at] ?? 0) - lower;
  return within > 0 ? below + ((bound - below) * (rank - lower)) / within : bound;
}
