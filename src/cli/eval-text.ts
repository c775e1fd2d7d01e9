import type { BlameLabel } from '../evaluation/blame/label.ts';
import type { BlameReport } from '../evaluation/blame/run.ts';
import type { ColumnComparison } from '../evaluation/diff.ts';
import type { QuestionRow } from '../evaluation/figures.ts';
import type { ItemScope } from '../evaluation/items/fields.ts';
import { EFFECT_HEADER, EFFECTS_ABOUT, effectRows } from '../evaluation/matrix/text.ts';
import type { ReplayReport } from '../evaluation/replay.ts';
import type { RunReport } from '../evaluation/report.ts';
import {
  ceilingLines,
  columnTitle,
  differenceCell,
  formatP,
  meanCell,
  points,
  shownMetrics,
  verdicts,
} from '../evaluation/report-text.ts';
import { metricTitle, scoreText, signedScoreText } from '../evaluation/score-text.ts';
import { strataAbout, strataTable } from '../evaluation/strata-text.ts';
import type { Evaluation } from '../evaluation/types.ts';
import type { JobView, Progress } from '../jobs/types.ts';
import { clock, table } from './output.ts';

/** How a run goes, in one line; scores are interim. */
export function evalProgressLine({ phase, done, total, unit, rate, secondsLeft, details }: Progress): string {
  // Scores are named by column and metric; half of an interval stands beside its mean.
  const scores = Object.entries(details)
    .filter(([name]) => name.includes(' ') && !name.endsWith(' ±'))
    .slice(0, 4)
    .map(([name, value]) => {
      const half = details[`${name} ±`];
      const metric = name.slice(name.lastIndexOf(' ') + 1);
      return `${name} ${scoreText(metric, value)}${half === undefined ? '' : ` ± ${scoreText(metric, half)}`}`;
    });
  const counts = ['errors', 'timeouts', 'refused', 'empty'].flatMap((name) =>
    details[name] ? [`${details[name]} ${name}`] : [],
  );
  const { pausedSince, places, inWork } = details;
  const paused = pausedSince === undefined ? '' : ` since ${new Date(pausedSince).toTimeString().slice(0, 8)}`;
  return [
    `${phase}${paused}: ${done}/${total} ${unit}`,
    ...(rate ? [`${rate.toFixed(1)} ${unit}/s`] : []),
    ...(details['tokens/s'] ? [`${details['tokens/s'].toFixed(0)} tokens/s`] : []),
    ...(places !== undefined && places > 1 ? [`${inWork ?? 0} of ${places} at once`] : []),
    ...(secondsLeft === null || phase === 'done' ? [] : [`${clock(secondsLeft)} left`]),
    ...counts,
    ...(scores.length > 0 ? [`interim: ${scores.join(', ')}`] : []),
  ].join(', ');
}

export function runRow({ view, evaluation }: { view: JobView; evaluation: Evaluation }): string[] {
  const { progress } = view;
  return [
    view.spec.id,
    view.state,
    `${evaluation.dataset} ${evaluation.split}`,
    evaluation.columns.map(({ name }) => name).join(', '),
    progress ? `${progress.done} of ${progress.total}` : '',
  ];
}

/** A run for a person: the table, the verdicts, what to mind. */
export function reportLines(report: RunReport): string[] {
  const { run, columns, notes } = report;
  const metrics = shownMetrics(report);
  return [
    `${run.id}  ${run.state}${run.interim ? ' (interim figures)' : ''}  ${run.items} items of ${run.evaluation.dataset} ${run.evaluation.split}`,
    '',
    ...table(
      ['METRIC', ...columns.map(({ name }) => columnTitle(name))],
      [
        ...metrics.map((name) => [
          name === report.primary ? `${metricTitle(name)} *` : metricTitle(name),
          ...columns.map((column) => meanCell(column, name)),
        ]),
        ['errors', ...columns.map(({ errors }) => String(errors))],
        ['timeouts', ...columns.map(({ timeouts }) => String(timeouts))],
        ['refused', ...columns.map(({ refused }) => String(refused))],
        ['empty', ...columns.map(({ empty }) => String(empty))],
      ],
    ),
    ...ceilingLines(report),
    '',
    ...verdicts(report),
    ...matrixText(report),
    ...strataLines(report),
    ...publishedLines(report),
    ...(notes.length > 0 ? ['', ...notes.map(({ text }) => `- ${text}`)] : []),
  ];
}

/** Effects on the primary metric, for a run whose columns cross LLMs, embedders and contexts. */
function matrixText({ matrix, primary }: RunReport): string[] {
  if (!matrix) return [];
  return ['', `Effects on ${primary}:`, ...table(EFFECT_HEADER, effectRows(matrix, primary)), EFFECTS_ABOUT];
}

/** The primary metric on parts of the questions. */
function strataLines(report: RunReport): string[] {
  if (report.strata.length === 0) return [];
  const { header, rows } = strataTable(report);
  return ['', `${report.primary} on parts of the questions:`, ...table(header, rows), ...strataAbout(report)];
}

/** What others published on this very data. */
function publishedLines({ published }: RunReport): string[] {
  if (published.length === 0) return [];
  const rows = published.flatMap(({ system, source, metrics }) =>
    Object.entries(metrics).map(([name, value]) => [system, name, scoreText(name, value), source]),
  );
  return ['', ...table(['PUBLISHED', 'METRIC', 'POINTS', 'SOURCE'], rows)];
}

export function diffLines({ a, b, primary, metrics }: ColumnComparison): string[] {
  const verdict = metrics[primary]?.sentence;
  return [
    `${b} against ${a}`,
    ...table(
      ['METRIC', 'DIFFERENCE', 'P', 'VERDICT'],
      Object.entries(metrics).map(([name, one]) => [
        metricTitle(name),
        differenceCell(name, one),
        formatP(one.p),
        one.verdict,
      ]),
    ),
    ...(verdict === undefined ? [] : ['', verdict]),
  ];
}

const QUESTION_CHARACTERS = 60;

/** A question in one row: each column's score in the primary metric, the difference, the beginning of the question. */
export function itemRow(row: QuestionRow, { columns, primary }: ItemScope, difference: number | undefined): string[] {
  const cell = (name: string): string => {
    const answer = row.columns[name];
    const score = answer?.scores[primary];
    return typeof score === 'number' ? scoreText(primary, score) : (answer?.state ?? '–');
  };
  const question = row.question.replace(/\s+/g, ' ');
  return [
    row.item,
    ...columns.map(cell),
    difference === undefined ? '–' : signedScoreText(primary, difference),
    question.length > QUESTION_CHARACTERS ? `${question.slice(0, QUESTION_CHARACTERS)}…` : question,
  ];
}

/** A run and its replay: what it rested on, then how far each column said the same again. */
export function replayLines({ run, replay, capsule, columns }: ReplayReport): string[] {
  const value = (text: string | null) => (text === null ? '(not there)' : text);
  return [
    `${replay} against ${run}`,
    ...(capsule.length === 0
      ? ['Data, knowledge base, models, prompts, metrics and machine are the same.']
      : table(
          ['DIFFERS', 'BEFORE', 'NOW'],
          capsule.map(({ what, before, after }) => [what, value(before), value(after)]),
        )),
    '',
    ...table(
      ['COLUMN', 'ANSWERED BY BOTH', 'THE SAME', 'SHARE', 'FAILED'],
      columns.map(({ column, items, same, share, failed }) => [
        column,
        String(items),
        String(same),
        share ? `${points(share.mean)} [${points(share.low)}, ${points(share.high)}]` : '–',
        String(failed),
      ]),
    ),
    ...columns.flatMap(({ column, metrics, examples }) => [
      ...Object.entries(metrics).map(
        ([name, { before, after, items }]) =>
          `${column}: ${name} ${scoreText(name, before)} → ${scoreText(name, after)} on ${items} items`,
      ),
      ...examples.map(({ item, before, after }) => `${column}, ${item}: ${oneLine(before)} → ${oneLine(after)}`),
    ]),
  ];
}

const oneLine = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line);
};

const BLAME: Readonly<Record<BlameLabel, string>> = {
  failed: 'no answer came: an error or a time-out',
  'not-in-kb': 'the passage is not in the knowledge base',
  'cut-apart': 'no chunk holds the answer whole: cut apart',
  'not-retrieved': 'in the knowledge base, but not among what was retrieved',
  'ranked-out': 'retrieved below what was handed on',
  'no-answer': 'the passage was read, and no answer given',
  ignored: 'the answer stood in what was read, and was not given',
  format: 'the right words, with other words or punctuation',
  other: 'the answer stands nowhere to be copied',
};

/** Where answers went wrong, a table for each column. */
export function blameLines({ metric, below, columns }: BlameReport): string[] {
  return columns.flatMap(({ column, items, wrong, labels }, at) => [
    ...(at === 0 ? [] : ['']),
    `${column}: ${wrong} of ${items} wrong (${metric} below ${points(below)})`,
    ...(labels.length === 0
      ? []
      : table(
          ['WHERE', 'ITEMS', 'GAIN AT MOST', 'WHAT'],
          labels.map(({ label, count, gain }) => [label, String(count), `+${points(gain)}`, BLAME[label]]),
        )),
  ]);
}
