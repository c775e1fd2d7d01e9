import { differencesOf, ratiosOf } from '../../serving/load-test/compare.ts';
import type { LoadTestResult } from '../../serving/load-test/types.ts';
import { formatShort } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Line, pad } from '../../ui/text.ts';
import { MISSING } from '../compare/metrics-lines.ts';
import type { DeployModel } from './model.ts';
import { nameOf } from './rows.ts';

const STAR = '★';

/** The newest test of what is under the cursor, else the newest one that runs. */
export function testOf({ context, rows }: DeployModel): LoadTestResult | undefined {
  const { tests } = context.deploy.getState();
  const row = rows.selected();
  const running = tests.find(({ state }) => state === 'running');
  if (running || !row) return running ?? tests[0];
  const name = nameOf(row);
  return tests.find(({ model, test }) => model === name || (test.target.kind === 'name' && test.target.name === name));
}

/** The test before it of the same model. Pure. */
export const testBefore = (tests: readonly LoadTestResult[], test: LoadTestResult): LoadTestResult | undefined =>
  tests.slice(tests.indexOf(test) + 1).find(({ model, levels }) => model === test.model && levels.length > 0);

const both = (value: { readonly p50: number; readonly p95: number } | null): string =>
  value ? `${shortMillis(value.p50)}/${shortMillis(value.p95)}` : MISSING;
const shortMillis = (value: number): string => (value < 9.95 ? value.toFixed(1) : String(Math.round(value)));

/** A table of the levels, then the knee. Pure. */
export function benchTable({ levels, knee, state }: LoadTestResult): readonly Line[] {
  const widths = [7, 6, 6, 12, 11, 6];
  const row = (cells: readonly string[]): string =>
    cells.map((cell, i) => pad(cell, widths[i] ?? 8, 'right')).join(' ');
  const heading = (['at', 'tokens', 'requests', 'first', 'gap', 'errors'] as const).map((one) =>
    t(`deploy.bench.column.${one}`),
  );
  const lines: Line[] = [[{ text: ` ${row(heading)}`, style: 'muted' }]];
  for (const level of levels) {
    const star = knee?.concurrency === level.concurrency ? `${STAR} ` : '';
    const cells = [
      `${star}${level.concurrency}`,
      `${level.estimated ? '~' : ''}${formatShort(Number(level.tokensPerSecond.toFixed(1)))}`,
      level.requestsPerSecond.toFixed(2),
      both(level.firstTokenMs),
      both(level.gapMs),
      String(level.errors),
    ];
    lines.push([{ text: ` ${row(cells)}`, style: level.errors > 0 ? 'warn' : star ? 'accent' : 'text' }]);
  }
  if (levels.length > 0 && state !== 'running') {
    const text = knee
      ? t(knee.rising ? 'deploy.bench.rising' : 'deploy.bench.knee', { star: STAR, count: knee.concurrency })
      : t('deploy.bench.noKnee');
    lines.push([{ text: ` ${text}`, style: knee ? 'good' : 'bad' }]);
  }
  return lines;
}

/** How it stands to an earlier test. Pure. */
export function beforeLines(test: LoadTestResult, before: LoadTestResult | undefined): readonly Line[] {
  if (!before || test.state === 'running') return [];
  const ratios = ratiosOf(test, before).flatMap(({ concurrency, throughput }) =>
    throughput === null ? [] : [t('deploy.bench.ratio', { count: concurrency, times: throughput.toFixed(2) })],
  );
  return [
    [
      {
        text: ` ${t('deploy.bench.before', { id: before.id.slice(-4), ratios: ratios.join(' · ') || MISSING })}`,
        style: 'muted',
      },
    ],
    ...differencesOf(test, before).map(
      (text): Line => [{ text: ` ! ${t('deploy.bench.otherTest', { text })}`, style: 'warn' }],
    ),
  ];
}
