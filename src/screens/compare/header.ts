import {
  COLUMN_FIELDS,
  type ColumnField,
  type ColumnSettings,
  differingFields,
} from '../../../stores/compare-columns.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Line, type Span, textWidth } from '../../ui/text.ts';
import { fieldText } from './settings-menu.ts';

/** Shown although they are the usual ones: what a column is made of. */
const ALWAYS: readonly ColumnField[] = ['llm', 'embedder', 'mode', 'topK', 'context', 'prompt'];
/** What sets a field apart that differs from column 1: also without colours. */
const MARK = '≠';

/** LLM × embedder × mode × …, what differs from column 1 marked; in as many rows as it needs. Pure. */
export function headerLines(settings: ColumnSettings, first: ColumnSettings, width: number): readonly Line[] {
  const differs = differingFields(first, settings);
  const parts = COLUMN_FIELDS.flatMap((field): Span[] => {
    const other = differs.includes(field);
    if (!other && !(ALWAYS.includes(field) && isTold(settings, field))) return [];
    const named = field === 'llm' || field === 'mode' ? '' : `${t(`compare.short.${field}`)} `;
    const text = `${other ? MARK : ''}${named}${fieldText(settings, field)}`;
    return [{ text, style: other ? 'warn' : 'muted', bold: other }];
  });
  return packed(parts, width);
}

/** Retrieval is of no interest to a column that does not read what it finds; the embedder only when one was chosen. */
function isTold({ context, llm, embedder }: ColumnSettings, field: ColumnField): boolean {
  if (field === 'embedder') return embedder !== undefined;
  if (field === 'mode' || field === 'topK') return context === 'retrieved';
  return field === 'llm' || llm !== 'none';
}

/** Spans between dots, in rows of at most `width` cells; a span is cut only where it is longer than a row. */
function packed(parts: readonly Span[], width: number): readonly Line[] {
  const lines: Span[][] = [];
  let used = 0;
  for (const part of parts) {
    const wide = textWidth(part.text);
    const last = lines.at(-1);
    if (last && used + 3 + wide < width) {
      last.push({ text: ' · ', style: 'muted' }, part);
      used += 3 + wide;
    } else {
      lines.push([{ text: ' ' }, part]);
      used = 1 + wide;
    }
  }
  return lines;
}
