import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { FiguresPage } from '../../../stores/evaluation.ts';
import type { DifferenceReport, MetricDifference, RunReport } from '../../evaluation/report.ts';
import { differenceCell, meanCell } from '../../evaluation/report-text.ts';
import { isShare, metricTitle, scoreText } from '../../evaluation/score-text.ts';
import { CEILING } from '../../evaluation/types.ts';
import type { StopStep } from '../../jobs/control.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import type { Range } from '../../ui/charts.ts';
import { forestAxis } from '../../ui/forest.ts';
import { noteText, t } from '../../ui/i18n/index.ts';
import { Empty } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside } from '../../ui/rect.ts';
import type { Column } from '../../ui/Table.tsx';
import { type Line, spansOf } from '../../ui/text.ts';
import { jobProgressLine } from '../progress.ts';
import type { PaneProps } from '../run-panes.tsx';
import { Above, type BodyProps, SMALLEST_TABLE, wrapped } from './figures-parts.tsx';
import { MatrixPage } from './MatrixPage.tsx';
import type { EvaluateModel } from './model.ts';
import {
  askedColumns,
  baselineText,
  ceilingText,
  differenceOf,
  interimText,
  publishedText,
  unitText,
  verdictText,
  verdictTexts,
} from './texts.ts';
import { blameColumns, metricNotes, SIGNS, STYLES, strataColumns, verdictColumns } from './verdict-columns.ts';

const NO_STEPS: readonly StopStep[] = [];

/** Progress of the run, its table of metrics × columns, and the verdict in the metric under the cursor. */
export function FiguresPane({ model, rect, focused }: PaneProps<EvaluateModel>): ReactNode {
  const { evaluation, jobs } = model.context;
  const { figures, reading, error, shown, page } = useStore(evaluation);
  useStore(jobs, (state) => state.list);
  const stopping = useStore(jobs, (state) => state.stopping);
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
  const head = [...headLines(job, stopping[job.spec.id] ?? NO_STEPS, width), ...judgingLines(model, job, width)];
  if (error) head.push(...wrapped(`✗ ${error.message} ${error.hint}`, width, 'bad'));
  const note = [t(`evaluate.page.${page}`), noteOf(figures?.report, reading)].filter(Boolean).join(' · ');
  const place = { model, width, height: Math.max(SMALLEST_TABLE, height - head.length), focused };
  return (
    <Panel rect={rect} title={title} note={note} focused={focused}>
      <Rows lines={head} width={width} />
      {figures ? (
        <FiguresBody page={page} figures={figures} {...place} />
      ) : (
        <Empty text={reading ? t('evaluate.computing') : t('evaluate.noFigures')} width={width} height={place.height} />
      )}
    </Panel>
  );
}

function FiguresBody({ page, ...props }: BodyProps & { readonly page: FiguresPage }): ReactNode {
  switch (page) {
    case 'scores':
      return <Scores {...props} />;
    case 'verdict':
      return <Verdict {...props} />;
    case 'matrix':
      return <MatrixPage {...props} />;
    case 'strata':
      return <Strata {...props} />;
    case 'blame':
      return <Blame {...props} />;
    case 'versus':
      return <Versus {...props} />;
  }
}

function Scores({ model, figures, ...place }: BodyProps): ReactNode {
  useStore(model.metrics.store);
  const metric = model.metrics.selected();
  return (
    <Above
      rows={model.metrics}
      columns={metricColumns(figures.report)}
      foot={metric ? footLines(figures.report, metric, place.width) : []}
      empty={t('evaluate.noFigures')}
      {...place}
    />
  );
}

/** The column that is compared with the first one: that of the questions' table, unless that is the first itself. */
function verdictOf(report: RunReport, column: string | undefined): DifferenceReport | undefined {
  const asked = askedColumns(report).map(({ name }) => name);
  const wanted = column === undefined || column === asked[0] ? asked.at(-1) : column;
  return report.differences.find((one) => one.column === wanted);
}

function Verdict({ model, figures: { report }, ...place }: BodyProps): ReactNode {
  const scope = useStore(model.context.evaluationItems, (state) => state.scope);
  useStore(model.metrics.store);
  const found = verdictOf(report, scope?.column);
  const metric = model.metrics.selected();
  if (!found) return <Empty text={t('evaluate.why.oneColumn')} width={place.width} height={place.height} />;
  const column = report.columns.find(({ name }) => name === found.column);
  const columns = verdictColumns({
    metrics: found.metrics,
    primary: report.primary,
    axis: shareAxis(found.metrics),
    designEffect: (name) => column?.metrics[name]?.designEffect,
  });
  const result = metric === undefined ? undefined : found.metrics[metric];
  const said =
    metric === undefined
      ? []
      : [
          ...(result ? wrapped(verdictText(metric, found.against, found.column, result), place.width, 'text') : []),
          ...(result && result.detectable > 0 ? wrapped(findsText(metric, result), place.width, 'muted') : []),
          ...metricNotes(report, metric).flatMap((text) => wrapped(`· ${text}`, place.width, 'muted')),
        ];
  return <Above rows={model.metrics} columns={columns} foot={said} empty={t('evaluate.noFigures')} {...place} />;
}

function Strata({ model, figures: { report }, ...place }: BodyProps): ReactNode {
  useStore(model.strata.store);
  const asked = askedColumns(report).map(({ name }) => name);
  const texts = [
    ...(report.strata.length > 0 ? [t('evaluate.strataAbout')] : []),
    ...(report.strata.some(({ selected }) => selected.length > 0) ? [t('evaluate.strataSelected')] : []),
  ];
  const said = texts.flatMap((text) => wrapped(text, place.width, 'muted'));
  const columns = strataColumns(asked, report.primary);
  return <Above rows={model.strata} columns={columns} foot={said} empty={t('evaluate.noStrata')} {...place} />;
}

function Blame({ model, ...place }: BodyProps): ReactNode {
  const { blame, blaming, blameError } = useStore(model.context.evaluationItems);
  useStore(model.blame.store);
  const empty = blameError
    ? `✗ ${blameError.message} ${blameError.hint}`
    : t(blaming || blame === null ? 'evaluate.blaming' : 'evaluate.noBlame');
  const said = blame
    ? wrapped(
        t('evaluate.blameAbout', { metric: blame.metric, below: scoreText(blame.metric, blame.below) }),
        place.width,
        'muted',
      )
    : [];
  return <Above rows={model.blame} columns={blameColumns()} foot={said} empty={sanitizeLine(empty)} {...place} />;
}

function Versus({ model, ...place }: BodyProps): ReactNode {
  const versus = useStore(model.context.evaluation, (state) => state.versus);
  useStore(model.versus.store);
  if (!versus) return <Empty text={t('evaluate.noVersus')} width={place.width} height={place.height} />;
  const metric = model.versus.selected();
  const result = metric === undefined ? undefined : versus.metrics[metric];
  const columns = verdictColumns({
    metrics: versus.metrics,
    primary: versus.primary,
    axis: shareAxis(versus.metrics),
    designEffect: () => undefined,
  });
  const said = [
    ...wrapped(t('evaluate.versusOf', { a: versus.a, b: versus.b }), place.width, 'text'),
    ...(metric !== undefined && result
      ? wrapped(verdictText(metric, versus.a, versus.b, result), place.width, 'text')
      : []),
  ];
  return <Above rows={model.versus} columns={columns} foot={said} empty={t('evaluate.noVersus')} {...place} />;
}

/** What so many questions can find at all. */
const findsText = (metric: string, { n, detectable }: MetricDifference): string =>
  t('evaluate.finds', { items: n, points: scoreText(metric, detectable), unit: unitText(metric) });

/** The axis of what is counted in points. */
const shareAxis = (metrics: Readonly<Record<string, MetricDifference>>): Range =>
  forestAxis(Object.entries(metrics).flatMap(([name, found]) => (isShare(name) ? [found] : [])));

function noteOf(report: RunReport | undefined, reading: boolean): string {
  if (reading) return t('evaluate.computing');
  if (!report) return '';
  const items = t('evaluate.itemCount', { count: report.run.items });
  return report.run.interim ? `${t('evaluate.interim')} · ${items}` : items;
}

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
  const { phase } = job.progress;
  if (phase === 'paused' || phase === 'pausing') lines.push([{ text: ` ‖ ${t(`evaluate.${phase}`)}`, style: 'warn' }]);
  const now = interim ? `${t('evaluate.interim')} ${interim}` : phase;
  return [...lines, ...wrapped(now, width, 'muted').slice(0, 2)];
}

/** Who judges the run at this moment, and how far that is. */
function judgingLines({ context }: EvaluateModel, { spec }: JobView, width: number): Line[] {
  const judges = (context.jobs.getState().list ?? []).filter(
    ({ spec: { work }, state }) => work.kind === 'judge' && work.run === spec.id && !isOver(state),
  );
  return judges.flatMap((one): Line[] => {
    const name = one.spec.work.kind === 'judge' ? one.spec.work.judge.llm : '';
    const lines = wrapped(t('evaluate.judging', { judge: name }), width, 'muted').slice(0, 1);
    return one.progress && one.progress.total > 0
      ? [...lines, [{ text: ' ' }, ...spansOf(jobProgressLine(one, width - 2))]]
      : lines;
  });
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
      cell: (metric) => [
        {
          text: `${metricTitle(metric)}${metric === report.primary ? ' *' : ''}`,
          bold: metric === report.primary,
        },
      ],
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
          title: column.name === CEILING ? t('evaluate.column.ceiling') : column.name,
          min: Math.max(7, column.name.length),
          align: 'right',
          optional: 10 + i,
          cell: (metric) => [{ text: scoreText(metric, column.metrics[metric]?.mean), style: 'muted' }],
        }),
      ),
  ];
}

function differenceLine(report: RunReport, column: string, metric: string): Line {
  const found = differenceOf(report, column, metric);
  if (!found) return [{ text: '–', style: 'muted' }];
  return [{ text: `${SIGNS[found.verdict]} ${differenceCell(metric, found)}`, style: STYLES[found.verdict] }];
}

/** The verdict in words, the baselines, then what to mind before quoting a figure. */
function footLines(report: RunReport, metric: string, width: number): Line[] {
  return [
    ...verdictTexts(report, metric).flatMap((text) => wrapped(text, width, 'text')),
    ...[baselineText(report, metric), ceilingText(report, metric), publishedText(report, metric)]
      .filter(Boolean)
      .flatMap((text) => wrapped(text, width, 'muted')),
    ...report.notes.flatMap((note) => wrapped(`· ${noteText(note)}`, width, 'muted')),
  ];
}
