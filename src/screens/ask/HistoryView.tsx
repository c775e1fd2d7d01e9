import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { HistoryEntry } from '../../../stores/ask.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted, List } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import type { Line } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import type { AskModel } from './model.ts';

/** Earlier questions, newest first; the answer of the one under the cursor below. */
export function HistoryView({ model, rect, focused }: { model: AskModel; rect: Rect; focused: boolean }): ReactNode {
  const history = useStore(model.context.ask, (state) => state.history);
  const { filter } = useStore(model.history.store);
  const { width, height } = inside(rect);
  const selected = model.history.selected();
  const listHeight = Math.max(3, Math.floor(height / 2));
  const rows = Math.max(0, height - listHeight - 1);
  const below = selected ? wrapRows(sanitizeLine(selected.answer.answer), width - 2) : [];
  const note = filter ? t('filter.active', { text: filter }) : history ? String(history.length) : '';
  return (
    <Panel rect={rect} title={t('ask.history')} note={note} focused={focused}>
      <List
        model={model.history}
        width={width}
        height={listHeight}
        focused={focused}
        render={(entry, row) => entryLine(entry, row.matched)}
        empty={history ? t('ask.historyEmpty') : t('home.looking')}
        emptyFilter={t('ask.historyNoMatch')}
      />
      <Row line={[{ text: '─'.repeat(width), style: 'border' }]} width={width} />
      <Rows lines={below.slice(0, rows).map((row): Line => ` ${row}`)} width={width} height={rows} />
    </Panel>
  );
}

function entryLine(entry: HistoryEntry, matched: readonly number[]): Line {
  return [
    { text: `${formatTime(entry.at)} `, style: 'muted' },
    ...highlighted(sanitizeLine(entry.question), matched),
    { text: `  ${entry.kb}`, style: 'muted' },
  ];
}
