import type { LevelRatio } from '../serving/load-test/compare.ts';
import type { LoadTestResult } from '../serving/load-test/types.ts';
import { table } from './output.ts';

const millis = (value: number | undefined): string =>
  value === undefined ? '-' : value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;

/** A table of the levels and what the knee is. Pure. */
export function benchLines(result: LoadTestResult): string[] {
  const { id, model, url, engine, state, levels, knee } = result;
  return [
    `${id}: ${model}${engine ? ` on ${engine}` : ''} at ${url}${state === 'done' ? '' : ` (${state})`}`,
    ...table(
      ['AT A TIME', 'REQUESTS', 'ERRORS', 'REQ/S', 'TOKENS/S', 'FIRST p50', 'p95', 'GAP p50', 'p95'],
      levels.map((level) => [
        `${level.concurrency}${level.concurrency === knee?.concurrency ? ' *' : ''}`,
        String(level.requests),
        String(level.errors),
        level.requestsPerSecond.toFixed(2),
        `${level.estimated ? '~' : ''}${level.tokensPerSecond.toFixed(1)}`,
        millis(level.firstTokenMs?.p50),
        millis(level.firstTokenMs?.p95),
        millis(level.gapMs?.p50),
        millis(level.gapMs?.p95),
      ]),
    ),
    kneeLine(result),
    ...levels.flatMap(({ concurrency, firstError }) => (firstError ? [`${concurrency} at a time: ${firstError}`] : [])),
  ];
}

/** What more requests at a time bring. Pure. */
export function kneeLine({ knee }: Pick<LoadTestResult, 'knee'>): string {
  if (!knee) return 'No level worked.';
  return knee.rising
    ? `* ${knee.concurrency} at a time, the most that was tried, still bring 10 % more than fewer: the knee may lie higher.`
    : `* The knee: more than ${knee.concurrency} at a time bring less than 10 % more.`;
}

/** A test by another one. Pure. */
export function ratioLines(against: string, ratios: readonly LevelRatio[], differences: readonly string[]): string[] {
  const times = (value: number | null): string => (value === null ? '-' : `${value.toFixed(2)} ×`);
  return [
    `Against ${against}:${ratios.length === 0 ? ' no level in common.' : ''}`,
    ...(ratios.length === 0
      ? []
      : table(
          ['AT A TIME', 'THROUGHPUT', 'FIRST TOKEN', 'GAP'],
          ratios.map((one) => [String(one.concurrency), times(one.throughput), times(one.firstToken), times(one.gap)]),
        )),
    ...differences.map((text) => `! Not the same test: ${text}.`),
  ];
}
