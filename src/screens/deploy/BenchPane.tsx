import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { throughputOf } from '../../serving/load-test/knee.ts';
import { bar } from '../../ui/charts.ts';
import { t } from '../../ui/i18n/index.ts';
import { Empty } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { inside } from '../../ui/rect.ts';
import { type Line, pad, spansOf } from '../../ui/text.ts';
import { jobProgressLine } from '../progress.ts';
import type { PaneProps } from '../run-panes.tsx';
import { beforeLines, benchTable, testBefore, testOf } from './bench-lines.ts';
import type { DeployModel } from './model.ts';

/** What a load test measured so far: progress, a table, a chart of the throughput, the test before. */
export function BenchPane({ model, rect, focused }: PaneProps<DeployModel>): ReactNode {
  const { context, rows } = model;
  const tests = useStore(context.deploy, (state) => state.tests);
  const jobs = useStore(context.jobs, (state) => state.list);
  useStore(rows.store);
  const { width, height } = inside(rect);
  const test = testOf(model);
  const title = test ? t('deploy.bench.title', { name: test.model }) : t('deploy.bench');
  const job = jobs?.find(
    ({ spec, state }) => spec.work.kind === 'load-test' && (state === 'running' || state === 'starting'),
  );
  if (!test && !job) {
    return (
      <Panel rect={rect} title={title} focused={focused}>
        <Empty text={t('deploy.bench.empty')} width={width} height={height} />
      </Panel>
    );
  }
  const progress: Line[] = job ? [[{ text: ' ' }, ...spansOf(jobProgressLine(job, width - 2))]] : [];
  const lines = [...progress, ...(test ? [...benchTable(test), ...beforeLines(test, testBefore(tests, test))] : [])];
  const room = height - lines.length;
  const chart = test && room > test.levels.length + 1 && test.levels.length > 1 ? chartLines(test, width) : [];
  return (
    <Panel rect={rect} title={title} note={test ? t(`deploy.bench.state.${test.state}`) : ''} focused={focused}>
      <Box flexDirection="column" width={width} height={height}>
        <Rows lines={lines.slice(0, height)} width={width} />
        {chart.length > 0 ? <Row line="" width={width} /> : null}
        <Rows lines={chart} width={width} />
      </Box>
    </Panel>
  );
}

/** A bar a level. */
function chartLines({ levels }: NonNullable<ReturnType<typeof testOf>>, width: number): readonly Line[] {
  const most = Math.max(...levels.map(throughputOf), Number.MIN_VALUE);
  const cells = Math.max(4, width - 16);
  return [
    [{ text: ` ${t('deploy.bench.chart')}`, style: 'muted' }],
    ...levels.map((level): Line => {
      const { filled, rest } = bar(throughputOf(level) / most, cells);
      return [
        { text: ` ${pad(String(level.concurrency), 4, 'right')} `, style: 'muted' },
        { text: filled, style: 'accent' },
        { text: `${rest}▕`, style: 'border' },
        { text: ` ${throughputOf(level).toFixed(1)}` },
      ];
    }),
  ];
}
