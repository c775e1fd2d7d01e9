import type { Capsule } from '../capsule.ts';
import { EFFECT_HEADER, EFFECTS_ABOUT, effectRows, matrixGrid, matrixMetrics } from '../matrix/text.ts';
import { findMetric } from '../metrics/registry.ts';
import type { RunReport } from '../report.ts';
import {
  ceilingLines,
  columnLine,
  columnTitle,
  differenceCell,
  formatP,
  formLine,
  meanCell,
  shownMetrics,
  verdictCell,
  verdicts,
} from '../report-text.ts';
import { metricTitle, scoreText } from '../score-text.ts';
import { strataAbout, strataTable } from '../strata-text.ts';

/** The report as Markdown. */
export function markdownReport(report: RunReport): string {
  const { run, columns, notes, published } = report;
  const { evaluation } = run;
  const metrics = shownMetrics(report);
  const lines = [
    `# Evaluation of ${evaluation.columns.map(({ name }) => name).join(', ')} on ${evaluation.dataset}`,
    '',
    ...verdicts(report).flatMap((sentence) => [`**${sentence}**`, '']),
    ...(run.interim ? [`*Interim: the run is ${run.state}; figures may still change.*`, ''] : []),
    `${run.items} items of ${evaluation.dataset} ${evaluation.version}, split ${evaluation.split}, seed ${evaluation.seed}; run ${run.id}, ${run.startedAt ?? 'not started'} to ${run.endedAt ?? 'now'}. Points of 100, or the unit beside the name, with 95 % intervals, clustered by context.`,
    '',
    ...grid(
      [
        'column',
        ...metrics.map((name) => (name === report.primary ? `${metricTitle(name)} (primary)` : metricTitle(name))),
        'items',
        'errors',
        'timeouts',
        'refused',
        'empty',
      ],
      columns.map((column) => [
        column.baseline ? `*${columnTitle(column.name)}*` : column.name,
        ...metrics.map((name) => meanCell(column, name)),
        String(column.items),
        String(column.errors),
        String(column.timeouts),
        String(column.refused),
        String(column.empty),
      ]),
    ),
    ...ceilingLines(report).flatMap((line) => ['', line]),
    ...report.differences.flatMap(({ column, against, metrics: found }) => [
      '',
      `## ${columnTitle(column)} against ${against}`,
      '',
      ...grid(
        ['metric', 'difference', 'p', 'p (Holm)', 'McNemar', 'verdict'],
        Object.entries(found).map(([name, one]) => [
          metricTitle(name),
          differenceCell(name, one),
          formatP(one.p),
          one.pHolm === null ? 'primary' : formatP(one.pHolm),
          one.mcnemar ? `+${one.mcnemar.gained} −${one.mcnemar.lost}, p ${formatP(one.mcnemar.p)}` : '–',
          verdictCell(column, one.verdict),
        ]),
      ),
    ]),
    ...matrixLines(report),
    ...strataLines(report),
    ...(published.length === 0
      ? []
      : [
          '',
          '## Published on this data',
          '',
          ...grid(
            ['system', 'metric', 'points', 'source'],
            published.flatMap(({ system, source, metrics: values }) =>
              Object.entries(values).map(([name, value]) => [system, name, scoreText(name, value), source]),
            ),
          ),
        ]),
    '',
    '## Read this before you quote a figure',
    '',
    ...notes.map(({ text }) => `- ${text}`),
    ...metrics.map((name) => `- ${name} is blind to this: ${findMetric(name).blindTo}`),
    '- A verdict needs both: a 95 % BCa bootstrap interval (10,000 resamples of contexts) that leaves out 0, and a sign-flip permutation p below 0.05. Single columns: Wilson intervals on the effective sample size for 0/1 scores, bootstrap for the others.',
    '',
    '## Columns',
    '',
    ...(evaluation.form ? [`- ${formLine(evaluation)}`] : []),
    ...evaluation.columns.map((column) => `- ${column.name}: ${columnLine(column)}`),
    ...(run.capsule ? capsuleLines(run.capsule) : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** What LLM, embedder and context do on average: the primary metric as a grid, then effects on every metric. */
function matrixLines(report: RunReport): string[] {
  const { matrix, columns, primary } = report;
  if (!matrix) return [];
  const { header, rows } = matrixGrid(matrix, columns, primary);
  return [
    '',
    '## What LLM, embedder and context do',
    '',
    EFFECTS_ABOUT,
    '',
    ...grid(header.with(0, primary), rows),
    ...matrixMetrics(report).flatMap((metric) => [
      '',
      `### Effects on ${metric}`,
      '',
      ...grid(EFFECT_HEADER, effectRows(matrix, metric)),
    ]),
  ];
}

/** The primary metric on parts of the questions. */
function strataLines(report: RunReport): string[] {
  if (report.strata.length === 0) return [];
  const { header, rows } = strataTable(report);
  return [
    '',
    `## ${metricTitle(report.primary)} on parts of the questions`,
    '',
    ...strataAbout(report).flatMap((line) => [line, '']),
    ...grid(header, rows),
  ];
}

/** What the figures rest on. */
function capsuleLines({ program, node, machine, dataset, knowledgeBase, models, metrics }: Capsule): string[] {
  const base = knowledgeBase
    ? [
        `- knowledge base ${knowledgeBase.name}: ${knowledgeBase.documents} documents, ${knowledgeBase.chunks} chunks, embedders ${knowledgeBase.embedders.join(', ')}`,
      ]
    : [];
  const versions = metrics.map(({ name, version }) => `${name} v${version}`);
  return [
    ...base,
    ...Object.entries(models).map(
      ([name, { model, digest }]) => `- ${name} was answered by ${model}, weights ${digest}`,
    ),
    `- data: ${dataset.source}, sha256 ${dataset.sourceSha256}; rows sha256 ${dataset.sha256}`,
    `- metrics: ${versions.join(', ')}`,
    `- ragtui ${program}, Node ${node}, ${machine}`,
  ];
}

function grid(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)];
}
