import type { DatasetRow, MessagesRow, QaRow } from '../../datasets/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { HighlightRange } from '../../ui/stream-model.ts';
import { drawable } from '../drawable.ts';

/** A row as text, and where in it the answers stand in their context. */
export interface RowText {
  readonly text: string;
  readonly lit: readonly HighlightRange[];
}

/** All of a row for a person to read. Pure. */
export function rowText(row: DatasetRow): RowText {
  if ('question' in row) return qaText(row);
  if ('query' in row) {
    const parts = [
      section(t('datasets.row.query'), row.query),
      ...row.pos.map((one) => section(t('datasets.row.positive'), one)),
      ...row.neg.map((one, i) => section(`${t('datasets.row.negative')} ${i + 1}`, one)),
    ];
    return { text: parts.join('\n\n'), lit: [] };
  }
  if ('chosen' in row) {
    const parts = [
      messagesText(row.messages),
      section(t('datasets.row.chosen'), row.chosen),
      section(t('datasets.row.rejected'), row.rejected),
    ];
    return { text: parts.join('\n\n'), lit: [] };
  }
  if (row.form === 'messages') return { text: messagesText(row.messages), lit: [] };
  const parts = [
    section(t('datasets.row.instruction'), row.instruction),
    ...(row.input === '' ? [] : [section(t('datasets.row.input'), row.input)]),
    section(t('datasets.row.output'), row.output),
  ];
  return { text: parts.join('\n\n'), lit: [] };
}

/** Messages as the model gets them in training. Pure. */
export function messagesText(messages: MessagesRow['messages']): string {
  return messages.map(({ role, content }) => `── ${role} ──\n${drawable(content)}`).join('\n\n');
}

function qaText({ question, answers, context, contextId }: QaRow): RowText {
  const spans = answerSpans(context, answers);
  const where = spans.length > 0 || context === '' ? '' : `\n(${t('datasets.row.notVerbatim')})`;
  const head = [
    section(t('datasets.row.question'), question),
    `${t('datasets.row.answers')}\n${answers.map((answer) => `· ${drawable(answer)}`).join('\n')}${where}`,
    `${t('datasets.row.context')} ${drawable(contextId)}\n`,
  ].join('\n\n');
  return {
    text: head + (context === '' ? t('datasets.row.missing') : drawable(context)),
    lit: spans.map(({ start, end }) => ({ start: start + head.length, end: end + head.length })),
  };
}

const section = (title: string, text: string): string =>
  `${title}\n${text === '' ? t('datasets.row.missing') : drawable(text)}`;

/** Where each answer first stands in the context, word by word; overlapping places become one. Pure. */
export function answerSpans(context: string, answers: readonly string[]): HighlightRange[] {
  const found = answers
    .map((answer) => answer.trim())
    .filter((answer) => answer !== '')
    .map((answer) => ({ start: context.indexOf(answer), length: answer.length }))
    .filter(({ start }) => start >= 0)
    .map(({ start, length }) => ({ start, end: start + length }))
    .sort((a, b) => a.start - b.start);
  const spans: HighlightRange[] = [];
  for (const span of found) {
    const last = spans.at(-1);
    if (last && span.start <= last.end)
      spans[spans.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    else spans.push(span);
  }
  return spans;
}
