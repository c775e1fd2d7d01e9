import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { JobView } from '../../jobs/types.ts';
import type { KnowledgeBase } from '../../kb/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatShort } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted, List } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { cut, type Line, pad, textWidth } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { Placed } from '../Placed.tsx';
import { BenchHits, BenchQuery } from './BenchView.tsx';
import { ChunksView, PiecesView, SpecView, TextView } from './ChunksView.tsx';
import { DocumentsView } from './DocumentsView.tsx';
import type { KbModel } from './model.ts';
import { embedderState, runningShadow } from './shadows.ts';

export interface KbPaneProps {
  readonly model: KbModel;
  readonly rect: Rect;
  readonly focused: boolean;
}

const PANES: Readonly<Record<string, (props: KbPaneProps) => ReactNode>> = {
  bases: BasesView,
  documents: DocumentsView,
  chunks: ChunksView,
  text: TextView,
  query: BenchQuery,
  hits: BenchHits,
  spec: SpecView,
  pieces: PiecesView,
};

/** The panes that the layout put on the screen. */
export function KbScreenView({ model, rect, rects, focus }: ScreenViewProps & { readonly model: KbModel }): ReactNode {
  return Object.entries(rects).map(([id, place]) => {
    const Pane = PANES[id];
    return Pane && place ? (
      <Placed key={id} within={rect} rect={place}>
        <Pane model={model} rect={place} focused={focus === id} />
      </Placed>
    ) : null;
  });
}

/** The knowledge bases, and what the one under the cursor is made of. */
function BasesView({ model, rect, focused }: KbPaneProps): ReactNode {
  const list = useStore(model.context.kb, (state) => state.list);
  const error = useStore(model.context.kb, (state) => state.error);
  const connection = useStore(model.context.workspace, (state) => state.connection);
  useStore(model.context.jobs, (state) => state.list);
  useStore(model.bases.store);
  const { width, height } = inside(rect);
  const base = model.base();
  const facts = base ? baseFacts(base, runningShadow(model), width) : [];
  const listHeight = Math.max(3, Math.min(height - facts.length - 1, Math.max(3, list?.length ?? 0)));
  const rest = Math.max(0, height - listHeight);
  const errors = error
    ? wrapRows(sanitizeLine(`${error.message} ${error.hint}`), width - 1).map(
        (row): Line => [{ text: row, style: 'bad' }],
      )
    : [];
  const below: readonly Line[] = [[{ text: '─'.repeat(width), style: 'border' }], ...errors, ...facts];
  return (
    <Panel rect={rect} title={t('kb.bases')} note={list ? String(list.length) : ''} focused={focused}>
      <List
        model={model.bases}
        width={width}
        height={listHeight}
        focused={focused}
        render={(item, row) => baseLine(item, row.width, row.matched)}
        empty={list ? t('kb.noBases') : t(`home.connection.${connection}`)}
      />
      <Rows lines={below.slice(0, rest)} width={width} height={rest} />
    </Panel>
  );
}

function baseLine(base: KnowledgeBase, width: number, matched: readonly number[]): Line {
  const count = formatShort(base.documents);
  const room = Math.max(3, width - textWidth(count) - 2);
  const name = cut(base.name, room);
  return [
    { text: ' ' },
    ...highlighted(name, matched),
    { text: ' '.repeat(Math.max(0, room - textWidth(name))) },
    { text: ` ${count}`, style: base.failed > 0 ? 'warn' : 'muted' },
  ];
}

/** `▸ live one`, `○ whole beside it`, `◌ 45 % built`, and which one a switch left. */
type ServerState = NonNullable<KnowledgeBase['indexes'][number]['server']>;

function embedderLine(base: KnowledgeBase, id: string, building: JobView | undefined, width: number): Line {
  const { state, missing, texts } = embedderState(base, id);
  const { work } = building?.spec ?? {};
  const built = work?.kind === 'shadow' && work.embedder === id ? building?.progress : undefined;
  const [done, total] = built && built.total > 0 ? [built.done, built.total] : [texts - missing, texts];
  const share = total > 0 ? Math.floor((100 * done) / total) : 0;
  const mark = state === 'live' ? '▸' : state === 'ready' && !built ? '○' : '◌';
  const note =
    state === 'incomplete' || built
      ? `${share} %`
      : state === 'live'
        ? ''
        : id === base.previous
          ? t('kb.embedder.before')
          : t('kb.embedder.whole');
  const room = Math.max(3, width - 3 - (note ? textWidth(note) + 1 : 0));
  return [
    { text: ` ${mark} `, style: state === 'live' ? 'accent' : 'muted' },
    { text: pad(cut(id, room), room) },
    ...(note ? [{ text: ` ${note}`, style: 'muted' as const }] : []),
  ];
}

/** Which vector database it is kept on too, whether that answers, and how far it is behind. */
function serverLines({ server, state, behind }: ServerState, width: number): Line[] {
  const style = state === 'current' ? 'good' : state === 'behind' ? 'muted' : 'warn';
  const name = `${t('kb.fact.server')} `;
  const words = [t(`kb.server.${state}`, { count: formatShort(behind) })];
  if (state !== 'behind' && behind > 0) words.push(t('kb.server.behind', { count: formatShort(behind) }));
  return [
    [
      { text: ` ${name}`, style: 'muted' },
      { text: cut(sanitizeLine(server), Math.max(3, width - textWidth(name) - 2)) },
    ],
    ...words.map((word): Line => [{ text: `   ${cut(word, Math.max(3, width - 4))}`, style }]),
  ];
}

const troubleLines = (why: string, width: number): Line[] =>
  wrapRows(`${t('kb.fact.trouble')}: ${sanitizeLine(why)}`, width - 3).map(
    (row): Line => [{ text: `   ${row}`, style: 'warn' }],
  );

function baseFacts(base: KnowledgeBase, building: JobView | undefined, width: number): Line[] {
  const fact = (name: string, value: string): Line => [
    { text: ` ${name} `, style: 'muted' },
    { text: cut(value, Math.max(3, width - textWidth(name) - 2)) },
  ];
  const groups = base.groups.map(({ name }) => name).join(', ');
  const [active] = base.indexes.filter((index) => index.active);
  return [
    fact(t('kb.fact.documents'), formatShort(base.documents)),
    fact(t('kb.fact.chunks'), formatShort(base.chunks)),
    ...(base.failed > 0 ? [fact(t('kb.fact.failed'), formatShort(base.failed))] : []),
    [{ text: ` ${t('kb.fact.groups')}`, style: 'muted' }],
    ...wrapRows(groups, width - 3).map((row): Line => `  ${row}`),
    [{ text: ` ${t('kb.fact.embedders')}`, style: 'muted' }],
    ...base.embedders.map((id) => embedderLine(base, id, building, width)),
    ...(active ? [fact(t('kb.fact.search'), `${active.search} · ${formatShort(active.vectors)}`)] : []),
    ...(active?.trouble === undefined ? [] : troubleLines(active.trouble, width)),
    ...(active?.server ? serverLines(active.server, width) : []),
    ...(active && active.missing > 0 ? [fact(t('kb.fact.missing'), formatShort(active.missing))] : []),
  ];
}
