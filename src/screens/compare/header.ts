import {
  COLUMN_FIELDS,
  type ColumnField,
  type ColumnSettings,
  type ColumnSlot,
  DEFAULT_SETTINGS,
  differingFields,
  searchGroups,
  settingOf,
  varyingFields,
} from '../../../stores/compare-columns.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Line, type Span, textWidth } from '../../ui/text.ts';
import { fieldText } from './settings-menu.ts';

/** Shown although they are the usual ones: what a column is made of. */
const ALWAYS: readonly ColumnField[] = ['llm', 'embedder', 'mode', 'topK', 'context', 'prompt'];
/** What sets a field apart that differs from the base column: also without colours. */
const MARK = '≠';

/** The values of some fields, those that differ from `base` marked; in as many rows as it needs; `low`: in few. Pure. */
export function headerLines(
  settings: ColumnSettings,
  base: ColumnSettings,
  fields: readonly ColumnField[],
  width: number,
  low = false,
): readonly Line[] {
  const differs = differingFields(base, settings);
  const parts = fields.map((field): Span => {
    const other = differs.includes(field);
    const text = `${other ? MARK : ''}${labelled(settings, field)}`;
    return { text, style: other ? 'warn' : 'muted', bold: other };
  });
  // One below the other where that is short: the same setting then stands at the same height in every column.
  return parts.length <= 3 && !low ? parts.map((part): Line => [{ text: ' ' }, part]) : packed(parts, width);
}

/** What a column header tells: what varies; of a single column on screen also what it is made of. Pure. */
export function headerFields(
  slots: readonly ColumnSlot[],
  settings: ColumnSettings,
  all: boolean,
): readonly ColumnField[] {
  const varying = varyingFields(slots);
  return COLUMN_FIELDS.filter(
    (field) =>
      varying.includes(field) ||
      (all && (isUnusual(settings, field) || (ALWAYS.includes(field) && isTold(settings, field)))),
  );
}

/** `same: smollm2 · top 3`, then which columns share a search. Pure. */
export function sharedSpans(slots: readonly ColumnSlot[]): readonly Span[] {
  const first = slots[0]?.settings;
  if (!first) return [];
  const varying = varyingFields(slots);
  const shared = COLUMN_FIELDS.filter(
    (field) =>
      !varying.includes(field) && ((ALWAYS.includes(field) && isTold(first, field)) || isUnusual(first, field)),
  );
  const differs = varying.map((field) => t(`compare.field.${field}`)).join(', ');
  const search = searchText(slots);
  return [
    { text: ` ${t('compare.differ')} `, style: 'muted' },
    { text: differs || t('compare.differNothing'), style: differs ? 'warn' : 'muted', bold: differs !== '' },
    { text: ` · ${t('compare.alike')} `, style: 'muted' },
    ...shared.flatMap((field, at): Span[] => [
      { text: `${at > 0 ? ' · ' : ''}${labelled(first, field)}`, style: 'text' },
    ]),
    ...(search === '' ? [] : [{ text: ` · ${search}`, style: 'muted' as const }]),
  ];
}

/** `one search for all`, `1 3 and 2 4 share a search`. */
function searchText(slots: readonly ColumnSlot[]): string {
  const groups = searchGroups(slots);
  const several = groups.filter(({ length }) => length > 1);
  if (several.length === 0) return '';
  if (groups.length === 1 && groups[0]?.length === slots.length) return t('compare.oneSearch');
  return t('compare.sharedSearch', { columns: several.map((places) => places.join('+')).join(', ') });
}

/** The value with its name, where it does not speak for itself. */
function labelled(settings: ColumnSettings, field: ColumnField): string {
  const named = field === 'llm' || field === 'mode' || field === 'embedder' ? '' : `${t(`compare.short.${field}`)} `;
  return `${named}${fieldText(settings, field)}`;
}

const isUnusual = (settings: ColumnSettings, field: ColumnField): boolean =>
  !ALWAYS.includes(field) && settingOf(settings, field) !== settingOf(DEFAULT_SETTINGS, field);

/** Retrieval is of no interest to a column that does not read what it finds; the embedder only when one was chosen. */
function isTold({ context, llm, embedder }: ColumnSettings, field: ColumnField): boolean {
  if (field === 'embedder') return embedder !== undefined && context === 'retrieved';
  if (field === 'mode' || field === 'topK') return context === 'retrieved';
  if (field === 'context') return context !== 'retrieved';
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
