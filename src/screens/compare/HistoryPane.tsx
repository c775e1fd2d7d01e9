import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { CompareState } from '../../../stores/compare.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import type { ComparisonSummary, KeptComparison } from '../../rag/comparisons/types.ts';
import { formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted, List } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import type { Line, Span } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { type CompareModel, historyText } from './model.ts';

interface PaneProps {
  readonly model: CompareModel;
  readonly state: CompareState;
  readonly rect: Rect;
  readonly focused: boolean;
}

/** Earlier comparisons, newest first; the answers of the one under the cursor below. */
export function HistoryPane({ model, state, rect, focused }: PaneProps): ReactNode {
  const { filter } = useStore(model.history.store);
  const { width, height } = inside(rect);
  const { history, historyError, historyTotal, preview } = state;
  const selected = model.history.selected();
  const listHeight = Math.max(3, Math.floor(height / 2));
  const rows = Math.max(0, height - listHeight - 1);
  const shown = history?.length ?? 0;
  const note = filter
    ? t('filter.active', { text: filter })
    : shown < historyTotal
      ? t('compare.historyPart', { shown, total: historyTotal })
      : String(shown);
  const below = selected && preview?.id === selected.id ? previewLines(preview, width) : [];
  const empty = historyError
    ? sanitizeLine(`${historyError.message} ${historyError.hint}`)
    : history
      ? t('compare.historyEmpty')
      : t('home.looking');
  return (
    <Panel rect={rect} title={t('compare.history')} note={note} focused={focused}>
      <List
        model={model.history}
        width={width}
        height={listHeight}
        focused={focused}
        render={(summary, row) => summaryLine(summary, row.matched)}
        empty={empty}
        emptyFilter={t('ask.historyNoMatch')}
      />
      <Row line={[{ text: '─'.repeat(width), style: 'border' }]} width={width} />
      <Rows lines={below.slice(0, rows)} width={width} height={rows} />
    </Panel>
  );
}

function summaryLine(summary: ComparisonSummary, matched: readonly number[]): Line {
  const { id, at, columns, vote, state } = summary;
  const failed = columns.filter(({ state: each }) => each !== 'ok').length;
  return [
    { text: `#${id} ${formatTime(at)} `, style: 'muted' },
    ...(vote ? [{ text: '● ', style: 'good' as const }] : [{ text: '  ' }]),
    ...(state === 'cut' ? [{ text: `${t('compare.cutShort')} `, style: 'warn' as const }] : []),
    ...(failed > 0 ? [{ text: `✗${failed} `, style: 'bad' as const }] : []),
    ...highlighted(sanitizeLine(historyText(summary)), matched),
  ];
}

function previewLines({ columns, references, votes, passage }: KeptComparison, width: number): readonly Line[] {
  const vote = votes.at(-1)?.choice;
  const chosen = vote?.kind === 'column' ? vote.column : '';
  const answers = columns.flatMap(({ column, state, answer, partial, error }): Line[] => {
    const said = sanitizeLine(answer?.answer ?? partial);
    const text = error ? `✗ ${sanitizeLine(error.message)}` : said || t(`compare.state.${state}`);
    const head: Span[] = [
      { text: ` ${column.name}`, style: 'accent', bold: true },
      { text: column.name === chosen ? ' ●' : '', style: 'good' },
    ];
    return [
      head,
      ...wrapRows(text, Math.max(2, width - 4))
        .slice(0, 3)
        .map((row): Line => [{ text: `   ${row}` }]),
    ];
  });
  return [
    ...answers,
    ...(references.length > 0
      ? [
          [
            { text: ` ${t('compare.reference')} `, style: 'muted' as const },
            { text: sanitizeLine(references.join(' | ')) },
          ],
        ]
      : []),
    ...(passage
      ? [[{ text: ` ${t('compare.passageTitle')} `, style: 'muted' as const }, { text: sanitizeLine(passage) }]]
      : []),
  ];
}

/** Questions of a part of a dataset. */
export function RowsPane({ model, state, rect, focused }: PaneProps): ReactNode {
  const { filter } = useStore(model.rows.store);
  const { width, height } = inside(rect);
  const { rows, rowsError } = state;
  const note = filter
    ? t('filter.active', { text: filter })
    : rows
      ? `${rows.part} · ${rows.list.length}/${rows.total}`
      : '';
  return (
    <Panel
      rect={rect}
      title={rows ? `${t('compare.rows')} ${rows.dataset}` : t('compare.rows')}
      note={note}
      focused={focused}
    >
      <List
        model={model.rows}
        width={width}
        height={height}
        focused={focused}
        render={({ number, question, answer }, row) => [
          { text: `${String(number).padStart(5)}  `, style: 'muted' },
          ...highlighted(sanitizeLine(question), row.matched),
          { text: `  ${sanitizeLine(answer)}`, style: 'muted' },
        ]}
        empty={rowsError ? sanitizeLine(rowsError.message) : rows?.loading ? t('home.looking') : t('compare.rowsEmpty')}
        emptyFilter={t('ask.historyNoMatch')}
      />
    </Panel>
  );
}
