import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { EffectResult, MatrixEffect } from '../../evaluation/matrix/effects.ts';
import { matrixGrid } from '../../evaluation/matrix/text.ts';
import type { RunReport } from '../../evaluation/report.ts';
import { differenceCell, formatP } from '../../evaluation/report-text.ts';
import { scoreText } from '../../evaluation/score-text.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { forestAxis, forestRow } from '../../ui/forest.ts';
import { t } from '../../ui/i18n/index.ts';
import type { Column } from '../../ui/Table.tsx';
import { type Line, pad, textWidth } from '../../ui/text.ts';
import { Above, type BodyProps, wrapped } from './figures-parts.tsx';
import { unitText } from './texts.ts';
import { SIGNS, STYLES } from './verdict-columns.ts';

/** What LLM, embedder and context do to a metric on average, and below it the means they come from. */
export function MatrixPage({ model, figures: { report }, ...place }: BodyProps): ReactNode {
  useStore(model.effects.store);
  const { width } = place;
  const picked = model.metrics.selected() ?? report.primary;
  // Retrieval metrics know of the embedder only: then the page is about what the run was for.
  const metric = report.matrix?.effects.some(({ metrics }) => metrics[picked]) ? picked : report.primary;
  const effect = model.effects.selected();
  const result = effect?.metrics[metric];
  const said = [
    ...(effect ? wrapped(effectText(effect), width, 'text') : []),
    ...(result ? wrapped(resultText(metric, result), width, 'text') : []),
    ...meansLines(report, metric),
    ...wrapped(t('evaluate.effectsOn', { metric }), width, 'muted'),
  ];
  const columns = effectColumns(report.matrix?.effects ?? [], metric);
  return <Above rows={model.effects} columns={columns} foot={said} empty={t('evaluate.noFigures')} {...place} />;
}

const effectText = ({ kind, of, against, second }: MatrixEffect): string =>
  t(`evaluate.effect.${kind}`, { of, against, second: second?.of ?? '', first: second?.against ?? '' });

function resultText(metric: string, result: EffectResult): string {
  const { verdict, p, pHolm } = result;
  const values = {
    metric,
    range: differenceCell(metric, result),
    unit: unitText(metric),
    p: formatP(p),
    holm: formatP(pHolm),
  };
  if (verdict === 'better') return t('evaluate.effect.better', values);
  return verdict === 'worse' ? t('evaluate.effect.worse', values) : t('evaluate.effect.unknown', values);
}

function effectColumns(effects: readonly MatrixEffect[], metric: string): readonly Column<MatrixEffect>[] {
  const found = effects.flatMap(({ metrics }) => metrics[metric] ?? []);
  const axis = forestAxis(found);
  const of = (cell: (result: EffectResult) => Line) => (effect: MatrixEffect) => {
    const result = effect.metrics[metric];
    return result ? cell(result) : [{ text: '–', style: 'muted' as const }];
  };
  return [
    {
      title: t('evaluate.column.effect'),
      min: 18,
      max: 60,
      weight: 2,
      cell: (effect) => sanitizeLine(effectText(effect)),
    },
    {
      title: `${scoreText(metric, axis.low).replace('-', '−')} … +${scoreText(metric, axis.high)}`,
      min: 15,
      max: 45,
      weight: 1,
      optional: 2,
      cell: (effect, { width }) => {
        const result = effect.metrics[metric];
        return result ? [{ text: forestRow(result, axis, width), style: STYLES[result.verdict] }] : '';
      },
    },
    {
      title: t('evaluate.column.difference'),
      min: 22,
      align: 'right',
      cell: of((result) => [
        { text: `${SIGNS[result.verdict]} ${differenceCell(metric, result)}`, style: STYLES[result.verdict] },
      ]),
    },
    { title: 'p', min: 7, align: 'right', cell: of(({ p }) => [{ text: formatP(p) }]) },
    { title: 'Holm', min: 7, align: 'right', optional: 1, cell: of(({ pHolm }) => [{ text: formatP(pHolm) }]) },
  ];
}

/** The means of a metric: an LLM a row, a way to come by the context a column. */
function meansLines({ matrix, columns }: RunReport, metric: string): Line[] {
  if (!matrix) return [];
  const { header, rows } = matrixGrid(matrix, columns, metric);
  const table = [header, ...rows].map((row) => row.map(sanitizeLine));
  const widths = header.map((_, at) => Math.max(...table.map((row) => textWidth(row[at] ?? ''))));
  return table.map(
    (row, i): Line => [
      { text: ` ${row.map((cell, at) => pad(cell, widths[at] ?? 0)).join('  ')}`, style: i === 0 ? 'muted' : 'text' },
    ],
  );
}
