import type { ColumnRun } from '../../../stores/compare.ts';
import { columnText } from '../../../stores/compare-columns.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { saidBy } from './bodies.ts';

/** The exact messages a column's LLM was sent, with what they count. Pure. */
export function columnMessages({ column, messages, promptTokens, cut, result }: ColumnRun): string {
  const tokens = result?.answer?.usage.promptTokens ?? promptTokens;
  const head = [
    column.name,
    t('ask.messages.count', { count: messages.length, tokens: tokens === null ? '–' : formatCount(tokens) }),
    ...(cut ? [t('ask.messages.cut', { cut })] : []),
  ];
  const bodies = messages.map(
    ({ role, content }) =>
      `\n── ${role} · ${t('ask.messages.characters', { count: formatCount(content.length) })} ──\n${sanitize(content)}`,
  );
  return [...head, ...bodies].join('\n');
}

/** Question, and every column's settings and answer, for clipboard and pager. Pure. */
export function comparisonText(question: string, columns: readonly ColumnRun[]): string {
  const parts = columns.map((run) => `## ${columnText(run.column)}\n${saidBy(run)}`);
  return sanitize([question, ...parts].join('\n\n'));
}
