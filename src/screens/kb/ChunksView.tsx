import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { ChunkDraft } from '../../kb/types.ts';
import { errorLine } from '../../platform/errors.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { Editor } from '../../ui/Editor.tsx';
import { formatCount, formatShort } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { inside } from '../../ui/rect.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { Line } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { fileName } from '../hits.ts';
import { pieceStatistics } from './statistics.ts';
import type { KbPaneProps } from './view.tsx';

/** The chunks of the open document. */
export function ChunksView({ model, rect, focused }: KbPaneProps): ReactNode {
  const open = useStore(model.context.kb, (state) => state.open);
  const { filter } = useStore(model.chunks.store);
  const { width, height } = inside(rect);
  const note = [open?.group ?? '', formatCount(open?.total ?? 0), filter ? t('filter.active', { text: filter }) : ''];
  return (
    <Panel rect={rect} title={t('kb.chunks')} note={note.filter(Boolean).join(' · ')} focused={focused}>
      <List
        model={model.chunks}
        width={width}
        height={height}
        focused={focused}
        render={(chunk) => pieceLine(chunk, chunk.tokens)}
        empty={t('kb.noChunks')}
        emptyFilter={t('kb.noMatch')}
      />
    </Panel>
  );
}

function pieceLine(piece: ChunkDraft, tokens: number | null): Line {
  const size = tokens === null ? `${piece.end - piece.start}` : t('kb.tokens', { count: tokens });
  return [
    { text: `${String(piece.ordinal + 1).padStart(3)} `, style: 'muted' },
    { text: `${size.padStart(5)} `, style: 'accent' },
    { text: sanitizeLine(piece.text) },
  ];
}

/** The text of the document, the chunk under the cursor lit in it. */
export function TextView({ model, rect, focused }: KbPaneProps): ReactNode {
  const open = useStore(model.context.kb, (state) => state.open);
  const preview = useStore(model.preview);
  useStore(model.chunks.store);
  useStore(model.pieces.store);
  const { width, height } = inside(rect);
  const piece = preview.text === null ? model.chunks.selected() : model.pieces.selected();
  const name = preview.text === null ? (open?.document.name ?? '') : preview.name;
  const where = piece ? t('ask.where', { start: piece.start, end: piece.end }) : '';
  return (
    <Panel rect={rect} title={fileName(name) || t('kb.text')} note={where} focused={focused}>
      <StreamView
        model={model.text}
        width={width}
        height={height}
        highlights={piece ? [{ start: piece.start, end: piece.end }] : []}
      />
    </Panel>
  );
}

/** The field of a node group, and what it makes of the document in numbers. */
export function SpecView({ model, rect, focused }: KbPaneProps): ReactNode {
  const { error, pieces } = useStore(model.preview);
  const body = inside(rect);
  const numbers = pieceStatistics(pieces);
  const state: Line = error
    ? [{ text: ` ✗ ${wrapRows(sanitizeLine(errorLine(error)), body.width - 4)[0] ?? ''}`, style: 'warn' }]
    : [
        {
          text: ` ${t('kb.statistics', {
            count: formatCount(numbers.count),
            shortest: formatShort(numbers.shortest),
            median: formatShort(numbers.median),
            longest: formatShort(numbers.longest),
          })}`,
          style: 'good',
        },
      ];
  return (
    <Panel rect={rect} title={t('kb.preview')} focused={focused}>
      <Editor
        model={model.spec}
        rect={{ ...body, height: 1 }}
        focused={focused}
        prefix="✂ "
        placeholder="sentence:400"
      />
      <Row line={state} width={body.width} />
      <Rows
        lines={[[{ text: ` ${t('kb.groupForms')}`, style: 'muted' }]]}
        width={body.width}
        height={Math.max(0, body.height - 2)}
      />
    </Panel>
  );
}

/** What the node group makes of the document. */
export function PiecesView({ model, rect, focused }: KbPaneProps): ReactNode {
  const pieces = useStore(model.preview, (state) => state.pieces);
  const { width, height } = inside(rect);
  return (
    <Panel rect={rect} title={t('kb.pieces')} note={formatCount(pieces.length)} focused={focused}>
      <List
        model={model.pieces}
        width={width}
        height={height}
        focused={focused}
        render={(piece) => pieceLine(piece, null)}
        empty={t('kb.noChunks')}
      />
    </Panel>
  );
}
