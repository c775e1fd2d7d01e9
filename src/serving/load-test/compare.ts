import { throughputOf } from './knee.ts';
import type { LoadTestResult } from './types.ts';

/** A level of two tests: how many times as much, how many times as long. Null = one of them has no such number. */
export interface LevelRatio {
  readonly concurrency: number;
  readonly throughput: number | null;
  readonly firstToken: number | null;
  readonly gap: number | null;
}

/** What must be equal for two tests to be comparable, and is not: `maxTokens 64 ≠ 32`. Pure. */
export function differencesOf(a: LoadTestResult, b: LoadTestResult): string[] {
  const fields = ['promptTokens', 'maxTokens'] as const;
  const rows = ({ test }: LoadTestResult): string =>
    test.rows ? `${test.rows.dataset} ${test.rows.split}` : 'made up';
  return [
    ...fields.flatMap((field) =>
      a.test[field] === b.test[field] || (field === 'promptTokens' && a.test.rows && b.test.rows)
        ? []
        : [`${field} ${a.test[field]} ≠ ${b.test[field]}`],
    ),
    ...(rows(a) === rows(b) ? [] : [`prompts ${rows(a)} ≠ ${rows(b)}`]),
  ];
}

/** The levels that both tests have, `a` by `b`. Pure. */
export function ratiosOf(a: LoadTestResult, b: LoadTestResult): LevelRatio[] {
  const by = (one: number | undefined, other: number | undefined): number | null =>
    one === undefined || other === undefined || other === 0 ? null : one / other;
  return a.levels.flatMap((level) => {
    const other = b.levels.find(({ concurrency }) => concurrency === level.concurrency);
    if (!other) return [];
    return [
      {
        concurrency: level.concurrency,
        throughput: by(throughputOf(level), throughputOf(other)),
        firstToken: by(level.firstTokenMs?.p50, other.firstTokenMs?.p50),
        gap: by(level.gapMs?.p50, other.gapMs?.p50),
      },
    ];
  });
}
