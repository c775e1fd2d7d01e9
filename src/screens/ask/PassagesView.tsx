import { type ReactNode, useMemo } from 'react';
import { useStore } from 'zustand';
import type { Hit } from '../../kb/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import { highlightedRow } from '../../ui/StreamView.tsx';
import { cutStart, type Line, pad, textWidth } from '../../ui/text.ts';
import { wrapText } from '../../ui/wrap.ts';
import { drawable } from '../drawable.ts';
import { armsText, documentName, scoreText } from '../hits.ts';
import type { AskModel } from './model.ts';
import type { Copied } from './view.tsx';

export interface PassagesViewProps {
  readonly model: AskModel;
  readonly rect: Rect;
  readonly focused: boolean;
  readonly copied: Copied;
}

/** The passages retrieved, best first, and the one under the cursor in full with what was copied from it lit. */
export function PassagesView({ model, rect, focused, copied }: PassagesViewProps): ReactNode {
  const running = useStore(model.context.ask, (state) => state.running);
  const answer = useStore(model.context.ask, (state) => state.answer);
  useStore(model.passages.store);
  const { width, height } = inside(rect);
  const hits = model.passages.rows();
  const selected = model.passages.selected();
  const index = hits.findIndex((row) => row.item === selected);
  const listHeight = Math.min(Math.max(1, hits.length), Math.max(3, Math.floor(height / 3)));
  const used = (hit: Hit): boolean => (copied.passages[hit.rank - 1]?.length ?? 0) > 0;
  const title = t('ask.passages');
  if (hits.length === 0) {
    const empty = running ? t('ask.phase.retrieving') : answer ? t('ask.noPassages') : t('ask.passagesEmpty');
    return (
      <Panel rect={rect} title={title} focused={focused}>
        <Row line={[{ text: ` ${empty}`, style: 'muted' }]} width={width} />
      </Panel>
    );
  }
  return (
    <Panel rect={rect} title={title} note={String(hits.length)} focused={focused}>
      <List
        model={model.passages}
        width={width}
        height={listHeight}
        focused={focused}
        render={(hit) => hitLine(hit, width, used(hit))}
        empty=""
      />
      {selected ? (
        <PassageText hit={selected} ranges={copied.passages[index] ?? []} width={width} height={height - listHeight} />
      ) : null}
    </Panel>
  );
}

function hitLine(hit: Hit, width: number, used: boolean): Line {
  const score = scoreText(hit);
  const room = Math.max(4, width - textWidth(score) - 8);
  return [
    { text: `${String(hit.rank).padStart(2)} `, style: 'muted' },
    { text: used ? '● ' : '  ', style: 'warn' },
    { text: pad(cutStart(documentName(hit), room), room) },
    { text: ` ${score}`, style: 'accent' },
  ];
}

interface PassageTextProps {
  readonly hit: Hit;
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
  readonly width: number;
  readonly height: number;
}

function PassageText({ hit, ranges, width, height }: PassageTextProps): ReactNode {
  // Offsets are those of the text as it came: what is unsafe is replaced one for one, not removed.
  const text = useMemo(() => drawable(hit.text), [hit.text]);
  const rows = wrapText(text, width - 2);
  const room = Math.max(0, height - 2);
  const first = ranges[0]?.start;
  const lit = first === undefined ? 0 : rows.findLastIndex((row) => row.start <= first);
  const top = Math.max(0, Math.min(rows.length - room, lit - Math.floor(room / 3)));
  const lines = rows.slice(top, top + room).map((row): Line => [{ text: ' ' }, ...highlightedRow(row, ranges)]);
  const where = t('ask.where', { start: hit.start, end: hit.end });
  const arms = armsText(hit);
  return (
    <>
      <Row line={[{ text: '─'.repeat(width), style: 'border' }]} width={width} />
      <Row
        line={[
          { text: ` ${sanitizeLine(hit.title || documentName(hit))}`, bold: true },
          { text: `  ${[where, arms].filter(Boolean).join(' · ')}`, style: 'muted' },
        ]}
        width={width}
      />
      <Rows lines={lines} width={width} height={room} />
    </>
  );
}
