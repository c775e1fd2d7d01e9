import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { ColumnAnswer, QuestionRow } from '../../evaluation/figures.ts';
import { differenceOfItem, type ItemScope } from '../../evaluation/items/fields.ts';
import { changeOf } from '../../evaluation/items/list.ts';
import type { RunReport } from '../../evaluation/report.ts';
import { scoreText, signedScoreText } from '../../evaluation/score-text.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside } from '../../ui/rect.ts';
import { type Column, Table } from '../../ui/Table.tsx';
import { type Line, textWidth } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import type { PaneProps } from '../run-panes.tsx';
import type { EvaluateModel } from './model.ts';

const MOST_PROBLEM_ROWS = 2;

/** Items × columns: the questions a filter lets through, each column's primary score, and how two of them differ. */
export function ItemsPane({ model, rect, focused }: PaneProps<EvaluateModel>): ReactNode {
  const figures = useStore(model.context.evaluation, (state) => state.figures);
  const { rows, scope, filter, sort, problem, blaming } = useStore(model.context.evaluationItems);
  const { width, height } = inside(rect);
  const problemRows: Line[] = problem
    ? wrapRows(sanitizeLine(`✗ ${problem.message}`), Math.max(2, width - 1))
        .slice(0, Math.min(MOST_PROBLEM_ROWS, Math.max(0, height - 3)))
        .map((text): Line => [{ text: ` ${text}`, style: 'bad' }])
    : [];
  const all = figures?.questions.length ?? 0;
  const note = [
    ...(blaming ? [t('evaluate.blaming')] : []),
    ...(filter ? [t('filter.active', { text: sanitizeLine(filter) })] : []),
    ...(sort ? [`${sort.startsWith('-') ? '↓' : '↑'} ${sort.replace(/^-/, '')}`] : []),
    filter ? `${rows.length}/${all}` : (figures?.report.primary ?? ''),
  ].join(' · ');
  return (
    <Panel rect={rect} title={t('evaluate.questions')} note={note} focused={focused}>
      <Table
        model={model.questions}
        columns={figures && scope ? itemColumns(figures.report, scope) : []}
        width={width}
        height={height - problemRows.length}
        focused={focused}
        empty={filter ? t('evaluate.noMatch') : t('evaluate.noQuestions')}
      />
      <Rows lines={problemRows} width={width} />
    </Panel>
  );
}

/** The question, each column's score, the difference of the two that are compared; baselines give way first. */
function itemColumns({ columns, primary }: RunReport, scope: ItemScope): readonly Column<QuestionRow>[] {
  const compared = scope.column !== scope.base;
  return [
    {
      title: t('datasets.row.question'),
      min: 20,
      weight: 1,
      cell: ({ item, question }) => [{ text: markOf(item, scope), style: 'warn' }, { text: sanitizeLine(question) }],
    },
    ...columns.map(
      ({ name, baseline }, i): Column<QuestionRow> => ({
        title: name,
        min: Math.min(14, Math.max(6, name.length)),
        align: 'right',
        optional: name === scope.column || name === scope.base ? 0 : baseline ? 10 + i : i,
        cell: (row) => scoreCell(row.columns[name], primary, baseline),
      }),
    ),
    ...(compared
      ? [
          {
            title: differenceTitle(scope),
            min: Math.min(18, Math.max(8, textWidth(differenceTitle(scope)))),
            align: 'right' as const,
            cell: (row: QuestionRow): Line => differenceCell(row, scope),
          },
        ]
      : []),
  ];
}

const differenceTitle = ({ column, base }: ItemScope): string => `Δ ${column} − ${base}`;

/** `⚑` for a flag, `✎` for a comment. */
function markOf(item: string, { notes }: ItemScope): string {
  const note = notes[item];
  return note ? `${note.flag ? '⚑' : ''}${note.comment === '' ? '' : '✎'} ` : '';
}

function scoreCell(answer: ColumnAnswer | undefined, metric: string, baseline: boolean): Line {
  if (!answer) return '';
  if (answer.state === 'error' || answer.state === 'timeout') {
    return [{ text: t(`evaluate.state.${answer.state}`), style: 'bad' }];
  }
  return [{ text: scoreText(metric, answer.scores[metric]), ...(baseline ? { style: 'muted' as const } : {}) }];
}

function differenceCell(row: QuestionRow, scope: ItemScope): Line {
  const difference = differenceOfItem(row, scope.primary, scope);
  if (difference === undefined) return [{ text: '–', style: 'muted' }];
  const change = changeOf(row, scope);
  if (!change) return [{ text: '=', style: 'muted' }];
  return [
    {
      text: `${change === 'improvement' ? '▲' : '▼'} ${signedScoreText(scope.primary, difference)}`,
      style: change === 'improvement' ? 'good' : 'bad',
    },
  ];
}
