import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { RunReport } from '../../evaluation/report.ts';
import { differenceCell, meanCell } from '../../evaluation/report-text.ts';
import type { StopStep } from '../../jobs/control.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import { Empty } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside } from '../../ui/rect.ts';
import { type Column, Table } from '../../ui/Table.tsx';
import { type Line, spansOf } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { jobProgressLine } from '../progress.ts';
import type { PaneProps } from '../run-panes.tsx';
import type { EvaluateModel } from './model.ts';
import { askedColumns, baselineText, differenceOf, interimText, points, verdictTexts } from './texts.ts';

const NO_STEPS: readonly StopStep[] = [];
const SMALLEST_TABLE = 3;

/** Progress of the run, its table of metrics × columns, and the verdict in the metric under the cursor. */
export function FiguresPane({ model, rect, focused }: PaneProps<EvaluateModel>): ReactNode {
  const { evaluation, jobs } = model.context;
  const { figures, reading, error, shown } = useStore(evaluation);
  useStore(jobs, (state) => state.list);
  const stopping = useStore(jobs, (state) => state.stopping);
  useStore(model.metrics.store);
  const { width, height } = inside(rect);
  const job = model.shown();
  const title = job ? sanitizeLine(job.spec.name) : t('evaluate.figures');
  if (!job || shown === null) {
    return (
      <Panel rect={rect} title={title} focused={focused}>
        <Empty text={t('evaluate.figuresEmpty')} width={width} height={height} />
      </Panel>
    );
  }
  const head = headLines(job, stopping[job.spec.id] ?? NO_STEPS, width);
  if (error) head.push(...wrapped(`✗ ${error.message} ${error.hint}`, width, 'bad'));
  const metric = model.metrics.selected();
  const tableRows = Math.min(Math.max(SMALLEST_TABLE, model.metrics.rows().length + 1), height);
  const room = Math.max(0, height - Math.min(head.length, 6) - tableRows);
  const foot = figures && metric ? footLines(figures.report, metric, width).slice(0, Math.max(2, room)) : [];
  const body = Math.max(SMALLEST_TABLE, height - head.length - foot.length);
  return (
    <Panel rect={rect} title={title} note={noteOf(figures?.report, reading)} focused={focused}>
      <Rows lines={head} width={width} />
      <Table
        model={model.metrics}
        columns={figures ? metricColumns(figures.report) : []}
        width={width}
        height={Math.min(body, tableRows)}
        focused={focused}
        empty={reading ? t('evaluate.computing') : t('evaluate.noFigures')}
      />
      <Rows lines={foot} width={width} />
    </Panel>
  );
}

function noteOf(report: RunReport | undefined, reading: boolean): string {
  if (reading) return t('evaluate.computing');
  if (!report) return '';
  const items = t('evaluate.itemCount', { count: report.run.items });
  return report.run.interim ? `${t('evaluate.interim')} · ${items}` : items;
}

const wrapped = (text: string, width: number, style: 'bad' | 'muted' | 'warn' | 'text'): Line[] =>
  wrapRows(sanitizeLine(text), Math.max(2, width - 2)).map((row): Line => [{ text: ` ${row}`, style }]);

/** The steps of a stop, why it failed, or how far it is with its interim scores. */
function headLines(job: JobView, steps: readonly StopStep[], width: number): Line[] {
  const lines: Line[] = steps.map(({ step, graceSeconds }) => [
    { text: ` ■ ${t(`jobs.stop.${step}`, { seconds: graceSeconds })}`, style: 'warn' },
  ]);
  if (job.error) return [...lines, ...wrapped(`✗ ${job.error.message} ${job.error.hint}`, width, 'bad').slice(0, 4)];
  if (isOver(job.state) || !job.progress) return lines;
  if (job.progress.total > 0) lines.push([{ text: ' ' }, ...spansOf(jobProgressLine(job, width - 2))]);
  const { work } = job.spec;
  const interim = work.kind === 'evaluate' ? interimText(job.progress, work) : '';
  const now = interim ? `${t('evaluate.interim')} ${interim}` : job.progress.phase;
  return [...lines, ...wrapped(now, width, 'muted').slice(0, 2)];
}

/** A metric, each column with its interval, its difference to the first, and what the baselines reach. */
function metricColumns(report: RunReport): readonly Column<string>[] {
  const [base, ...others] = askedColumns(report);
  const asked = [...(base ? [base] : []), ...others];
  return [
    {
      title: t('evaluate.column.metric'),
      min: 12,
      max: 34,
      weight: 1,
      cell: (metric) => [{ text: metric === report.primary ? `${metric} *` : metric, bold: metric === report.primary }],
    },
    ...asked.flatMap((column, i): Column<string>[] => [
      {
        title: column.name,
        min: 18,
        align: 'right',
        optional: i > 1 ? 3 : 0,
        cell: (metric) => meanCell(column, metric),
      },
      ...(i === 0
        ? []
        : [
            {
              title: `${column.name} − ${base?.name ?? ''}`,
              min: 22,
              align: 'right' as const,
              optional: i > 1 ? 2 : 1,
              cell: (metric: string): Line => differenceLine(report, column.name, metric),
            },
          ]),
    ]),
    ...report.columns
      .filter(({ baseline }) => baseline)
      .map(
        (column, i): Column<string> => ({
          title: column.name,
          min: Math.max(6, column.name.length),
          align: 'right',
          optional: 10 + i,
          cell: (metric) => [{ text: points(column.metrics[metric]?.mean), style: 'muted' }],
        }),
      ),
  ];
}

const SIGNS = { better: '▲', worse: '▼', 'cannot tell': '?' } as const;
const STYLES = { better: 'good', worse: 'bad', 'cannot tell': 'muted' } as const;

function differenceLine(report: RunReport, column: string, metric: string): Line {
  const found = differenceOf(report, column, metric);
  if (!found) return [{ text: '–', style: 'muted' }];
  return [{ text: `${SIGNS[found.verdict]} ${differenceCell(found)}`, style: STYLES[found.verdict] }];
}

/** The verdict in words, the baselines, then what to mind before quoting a figure. */
function footLines(report: RunReport, metric: string, width: number): Line[] {
  const baselines = baselineText(report, metric);
  return [
    ...verdictTexts(report, metric).flatMap((text) => wrapped(text, width, 'text')),
    ...(baselines ? wrapped(baselines, width, 'muted') : []),
    ...report.notes.flatMap((note) => wrapped(`· ${note}`, width, 'muted')),
  ];
}
