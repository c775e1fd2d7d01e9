import type { PlacedFinding } from '../datasets/doctor/findings-file.ts';
import type { CheckSummary, Forecast, LeakCount, Lengths } from '../datasets/doctor/types.ts';

const ENGINES = { llamafactory: 'LLaMA-Factory', flagembedding: 'FlagEmbedding' } as const;
const BAR = 30;
const number = (value: number): string => value.toLocaleString('en');
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** A check for people: what was found by rule with the first few, leaks, lengths, and what the engines will keep. */
export function checkLines(summary: CheckSummary, listed: readonly PlacedFinding[], reused: boolean): string[] {
  const { error, warning, info } = summary.severities;
  const part = summary.question.split === 'all' ? '' : ` (${summary.question.split})`;
  return [
    `${summary.dataset} ${summary.version}${part}: ${number(summary.rows)} rows, ${number(summary.findings)} findings (${number(error)} errors, ${number(warning)} warnings, ${number(info)} notes)${reused ? ', as checked before' : ''}`,
    ...ruleLines(summary, listed),
    ...summary.leaks.map(leakLine),
    ...lengthLines(summary.lengths),
    ...summary.forecasts.map(forecastLine),
    ...nextLines(summary),
  ];
}

function ruleLines({ rules }: CheckSummary, listed: readonly PlacedFinding[]): string[] {
  return rules
    .filter(({ count }) => count > 0)
    .flatMap(({ id, title, count, fixable }) => {
      const shown = listed.filter(({ finding }) => finding.rule === id);
      const more = count - shown.length;
      return [
        '',
        `${title}: ${number(count)}${fixable > 0 ? `, ${number(fixable)} can be fixed` : ''}  [${id}]`,
        ...shown.map(({ finding: { row, severity, message } }) =>
          row === null ? `  ${severity}: ${message}` : `  row ${row}, ${severity}: ${message}`,
        ),
        ...(more > 0 && shown.length > 0 ? [`  … and ${number(more)} more`] : []),
      ];
    });
}

/** `leaks: 71 of 700 rows of tutorial/test from tutorial/train: 42 the same context, …`. */
export function leakLine({ part, from, rows, dirty, ...counts }: LeakCount): string {
  if (dirty === 0) return `\nleaks: none of the ${number(rows)} rows of ${part} is also in ${from}`;
  const kinds = [
    [counts.id, 'the same id'],
    [counts.context, 'the same context'],
    [counts.question, 'the same question'],
    [counts.nearContext, 'nearly the same context'],
    [counts.run, 'a shared passage'],
  ] as const;
  const listed = kinds.flatMap(([count, what]) => (count > 0 ? [`${number(count)} ${what}`] : []));
  return `\nleaks: ${number(dirty)} of the ${number(rows)} rows of ${part} (${percent(dirty / rows)}) from ${from}: ${listed.join(', ')}`;
}

function lengthLines(lengths: Lengths | null): string[] {
  if (!lengths) return [];
  const { percentiles, histogram } = lengths;
  const most = Math.max(...histogram.map(({ rows }) => rows), 1);
  return [
    '',
    `lengths in tokens of ${lengths.model} (${lengths.what}): mean ${number(Math.round(lengths.mean))}, half up to ${number(percentiles.p50)}, 90 % up to ${number(percentiles.p90)}, 99 % up to ${number(percentiles.p99)}, longest ${number(lengths.longest)}`,
    ...histogram.map(
      ({ from, to, rows }) =>
        `  ${`${from}-${to - 1}`.padStart(13)} ${'█'.repeat(Math.ceil((rows / most) * BAR)).padEnd(BAR)} ${number(rows)}`,
    ),
    ...lengths.cutoffs.map(
      ({ cutoff, shortened, answersCut, tokensLost }) =>
        `  cutoff ${number(cutoff)}${cutoff === lengths.cutoff ? ' (chosen)' : ''}: ${number(shortened)} rows shortened, ${number(answersCut)} answers cut, ${percent(tokensLost)} of the tokens lost`,
    ),
  ];
}

/** `LLaMA-Factory will keep 6,997 of 7,000 rows: 3 incomplete …`. */
export function forecastLine({ engine, rows, kept, lost, shortened, answersCut, refused }: Forecast): string {
  const name = ENGINES[engine];
  if (refused !== '') return `\n${name} will not train on this: ${refused}`;
  const reasons = lost.map(({ reason, rows: count }) => `${number(count)} ${reason}`).join('; ');
  const cut =
    shortened === null || shortened === 0
      ? ''
      : `, ${number(shortened)} of them shortened to the cutoff (${number(answersCut ?? 0)} lose a part of the answer)`;
  return `\n${name} will keep ${number(kept)} of ${number(rows)} rows${cut}${reasons === '' ? '' : `: ${reasons}`}`;
}

function nextLines({ rules, dataset }: CheckSummary): string[] {
  const fixable = rules.reduce((sum, rule) => sum + rule.fixable, 0);
  if (fixable === 0) return [];
  return ['', `See what fixing would change: ragtui dataset fix ${dataset} --dry-run [--rule RULE] [--row N]`];
}
