import type { Level } from './types.ts';

/** One request as our client saw it. Times in ms of one clock. */
export type Measured =
  | {
      readonly ok: true;
      readonly startedAt: number;
      readonly endedAt: number;
      readonly firstTokenMs: number | null;
      /** When each piece came, ms since the request. */
      readonly pieceMs: readonly number[];
      readonly promptTokens: number | null;
      readonly answerTokens: number | null;
    }
  | { readonly ok: false; readonly startedAt: number; readonly endedAt: number; readonly error: string };

/** The numbers of a level. Failed requests count in its time and nowhere else. Pure. */
export function levelOf(concurrency: number, measured: readonly Measured[]): Level {
  const worked = measured.filter((one) => one.ok);
  const failed = measured.filter((one) => !one.ok);
  const from = Math.min(...measured.map(({ startedAt }) => startedAt));
  const to = Math.max(...measured.map(({ endedAt }) => endedAt));
  const seconds = measured.length > 0 ? (to - from) / 1000 : 0;
  const answerTokens = sum(worked.map(({ answerTokens: told, pieceMs }) => told ?? pieceMs.length));
  const perSecond = (count: number): number => (seconds > 0 ? count / seconds : 0);
  return {
    concurrency,
    requests: measured.length,
    errors: failed.length,
    firstError: failed[0]?.error ?? null,
    seconds,
    requestsPerSecond: perSecond(worked.length),
    tokensPerSecond: perSecond(answerTokens),
    promptTokens: sum(worked.map(({ promptTokens }) => promptTokens ?? 0)),
    answerTokens,
    estimated: worked.some(({ answerTokens: told }) => told === null),
    firstTokenMs: quantiles(worked.flatMap(({ firstTokenMs }) => firstTokenMs ?? [])),
    gapMs: quantiles(worked.flatMap(({ pieceMs }) => pieceMs.slice(1).map((at, i) => at - (pieceMs[i] ?? at)))),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Median and 95th percentile by nearest rank; null of nothing. */
function quantiles(values: readonly number[]): Level['gapMs'] {
  const sorted = Float64Array.from(values).sort();
  const rank = (share: number): number | undefined => sorted[Math.ceil(share * sorted.length) - 1];
  const [p50, p95] = [rank(0.5), rank(0.95)];
  return p50 === undefined || p95 === undefined ? null : { p50, p95 };
}
