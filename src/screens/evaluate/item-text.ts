import type { ColumnAnswer, QuestionRow, RunFigures } from '../../evaluation/figures.ts';
import { differenceOfItem, type ItemScope, scoreOf } from '../../evaluation/items/fields.ts';
import { type Parts, partsOf } from '../../evaluation/items/parts.ts';
import { goldRanks } from '../../evaluation/metrics/gold.ts';
import { metricTitle, scoreText, signedScoreText } from '../../evaluation/score-text.ts';
import { copiedSpans } from '../../rag/copied-spans.ts';
import { formatMillis } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { HighlightRange } from '../../ui/stream-model.ts';
import { pad, textWidth } from '../../ui/text.ts';
import { diffText } from '../compare/differences.ts';
import { answerSpans } from '../datasets/row-text.ts';
import { drawable } from '../drawable.ts';
import { points } from './texts.ts';

export interface ItemText {
  readonly text: string;
  readonly marks: readonly HighlightRange[];
}

/** A text that grows piece by piece, each with what is lit in it. */
class Page {
  text = '';
  readonly marks: HighlightRange[] = [];

  add(piece: string, lit: readonly HighlightRange[] = []): void {
    const from = this.text.length;
    for (const range of lit) this.marks.push({ ...range, start: range.start + from, end: range.end + from });
    this.text += piece;
  }
}

/**
 * One item for a person to read: question and gold answers, its scores with their parts, what each column said against the base
 * column, the gold passage and what was retrieved, with gold answers and what was copied lit. Pure.
 */
export function itemText(row: QuestionRow, figures: RunFigures, scope: ItemScope): ItemText {
  const page = new Page();
  const gold = row.passage === null ? '' : drawable(figures.passages[row.passage] ?? '');
  const asked = figures.report.columns.filter(({ baseline }) => !baseline).map(({ name }) => name);
  const shown = [...new Set([scope.base, ...asked, scope.column])].filter((name) => row.columns[name]);
  const note = scope.notes[row.item];
  page.add(`${t('datasets.row.question')} ${drawable(row.item)}${note?.flag ? ' ⚑' : ''}\n${drawable(row.question)}\n`);
  if (note?.comment) page.add(`✎ ${drawable(note.comment)}\n`);
  page.add(`\n${t('evaluate.gold')}\n${row.answers.map((one) => `· ${drawable(one)}`).join('\n')}\n\n`);
  page.add(`${scoreLines(row, gold, shown, scope).join('\n')}\n`);
  for (const name of shown) addAnswer(page, row, name, scope);
  page.add(`\n── ${t('evaluate.goldPassage')} ${drawable(row.contextId)} ──\n`);
  if (gold === '') page.add(`${t('evaluate.noPassage')}\n`);
  else {
    page.add(gold, lit(gold, row, row.columns[scope.column]?.output));
    page.add('\n');
  }
  for (const name of shown) addPassages(page, row, name, gold);
  return page;
}

/** Metrics down, columns across; then what the scores are made of. */
function scoreLines(row: QuestionRow, gold: string, shown: readonly string[], scope: ItemScope): string[] {
  const metrics = scope.metrics.filter((metric) =>
    shown.some((name) => scoreOf(row.columns[name], metric) !== undefined),
  );
  const first = Math.max(8, ...metrics.map((metric) => textWidth(metricTitle(metric)))) + 1;
  const widths = shown.map((name) => Math.max(7, textWidth(name)) + 2);
  const compared = scope.column !== scope.base && shown.includes(scope.column);
  const line = (head: string, cells: readonly string[], last: string): string =>
    `${pad(head, first)}${cells.map((cell, i) => pad(cell, widths[i] ?? 8, 'right')).join('')}${last ? pad(last, 10, 'right') : ''}`;
  return [
    line('', shown, compared ? 'Δ' : ''),
    ...metrics.flatMap((metric) => {
      const difference = differenceOfItem(row, metric, scope);
      const cells = shown.map((name) => scoreText(metric, scoreOf(row.columns[name], metric)));
      const parts = shown.flatMap((name) => {
        const found = partsIn(row, gold, metric, row.columns[name]);
        return found ? [`  ${name}: ${partsText(found)}`] : [];
      });
      return [
        line(
          metricTitle(metric),
          cells,
          compared ? (difference === undefined ? '–' : signedScoreText(metric, difference)) : '',
        ),
        ...parts,
      ];
    }),
  ];
}

function partsIn(row: QuestionRow, gold: string, metric: string, answer: ColumnAnswer | undefined): Parts | undefined {
  if (!answer || answer.scores[metric] === null || answer.scores[metric] === undefined) return undefined;
  const { output, retrieved } = answer;
  return partsOf(metric, { output, answers: row.answers, goldContext: gold, contextId: row.contextId, retrieved });
}

function partsText(parts: Parts): string {
  switch (parts.kind) {
    case 'overlap':
    case 'run': {
      const share = (of: number): string => points(of === 0 ? undefined : parts.common / of);
      const { common, given, gold } = parts;
      const values = { common, given, gold, precision: share(given), recall: share(gold) };
      return t(`evaluate.parts.${parts.kind}`, values);
    }
    case 'found':
      return parts.at === null ? t('evaluate.parts.notFound') : t('evaluate.parts.found', { at: parts.at });
    case 'ranks':
      return parts.ranks.length === 0
        ? t('evaluate.parts.noRank', { of: parts.of })
        : t('evaluate.parts.ranks', { ranks: parts.ranks.join(', '), of: parts.of });
  }
}

/** An answer under its timing, its state and where it went wrong; against the base column's, if it is another. */
function addAnswer(page: Page, row: QuestionRow, name: string, scope: ItemScope): void {
  const answer = row.columns[name];
  if (!answer) return;
  const blame = scope.blame?.columns.find(({ column }) => column === name)?.byItem[row.item];
  const head = [
    name,
    ...(answer.totalMs === null ? [] : [formatMillis(answer.totalMs)]),
    ...(answer.firstTokenMs === null ? [] : [t('evaluate.firstToken', { time: formatMillis(answer.firstTokenMs) })]),
    ...(answer.retrievalMs === null ? [] : [t('evaluate.retrieval', { time: formatMillis(answer.retrievalMs) })]),
    ...(answer.completionTokens === null
      ? []
      : [t('evaluate.tokens', { prompt: answer.promptTokens ?? 0, answer: answer.completionTokens })]),
    ...(answer.finish === 'length' ? [t('evaluate.cutShort')] : []),
    ...(answer.cut === '' ? [] : [drawable(answer.cut)]),
    ...(answer.reusedFrom === null ? [] : [t('evaluate.reused')]),
    ...(blame ? [`✗ ${t(`evaluate.blame.${blame}`)}`] : []),
  ].join(' · ');
  page.add(`\n── ${head} ──\n`);
  const base = row.columns[scope.base]?.output;
  const { output, error, state, retrieved } = answer;
  if (error !== '') page.add(`✗ ${drawable(error)}\n`);
  else if (output === null || output === '') {
    if (output !== null || retrieved === null) page.add(`${t(`evaluate.state.${state}`)}\n`);
  } else if (name === scope.base || base === undefined || base === null) page.add(`${drawable(output)}\n`);
  else {
    const { text, marks } = diffText(drawable(base), drawable(output));
    page.add(text, marks);
    page.add('\n');
  }
}

function addPassages(page: Page, row: QuestionRow, name: string, gold: string): void {
  const answer = row.columns[name];
  if (!answer?.retrieved) return;
  const { retrieved } = answer;
  const right = new Set(gold === '' ? [] : goldRanks({ goldContext: gold, contextId: row.contextId, retrieved }));
  page.add(`\n── ${t('evaluate.retrieved', { column: name })} ──\n`);
  if (retrieved.length === 0) page.add(`${t('evaluate.nothingFound')}\n`);
  retrieved.forEach(({ document, text, score }, i) => {
    const from = drawable(document.split('/').at(-1) ?? '');
    page.add(
      `${i + 1} · ${from} · ${score.toFixed(3)}${right.has(i + 1) ? ` · ✓ ${t('compare.rightPassage')}` : ''}\n`,
    );
    const whole = drawable(text).trimEnd();
    page.add(whole, lit(whole, row, answer.output));
    page.add('\n');
  });
}

/** Gold answers stand out; what the column copied beside them is green. Pure. */
function lit(passage: string, { answers }: QuestionRow, output: string | null | undefined): HighlightRange[] {
  const gold = answerSpans(passage, answers.map(drawable));
  const copied = copiedSpans(drawable(output ?? ''), [passage]).map(
    ({ sourceStart, sourceEnd }): HighlightRange => ({ start: sourceStart, end: sourceEnd, style: 'good' }),
  );
  const rest = copied.flatMap((range) => without(range, gold));
  return [...gold, ...rest].sort((a, b) => a.start - b.start);
}

/** What of a range lies outside of others, which stand in order. */
function without(range: HighlightRange, others: readonly HighlightRange[]): HighlightRange[] {
  let { start } = range;
  const left: HighlightRange[] = [];
  for (const other of others) {
    if (other.end <= start || other.start >= range.end) continue;
    if (other.start > start) left.push({ ...range, start, end: other.start });
    start = Math.max(start, other.end);
  }
  return start < range.end ? [...left, { ...range, start }] : left;
}
