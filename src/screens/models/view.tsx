import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { Pull } from '../../../stores/models.ts';
import type { ModelStatus } from '../../models/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatBytes, formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { type Column, Table } from '../../ui/Table.tsx';
import { type Line, type Span, spansOf } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { Placed } from '../Placed.tsx';
import { pullPhase, pullProgressLine } from '../progress.ts';
import { EndpointsPane, endpointLines } from './EndpointsPane.tsx';
import type { ModelsModel } from './screen.tsx';

export function ModelsScreenView({
  model,
  rect,
  rects,
  focus,
}: ScreenViewProps & { readonly model: ModelsModel }): ReactNode {
  const { list, details, endpoints } = rects;
  return (
    <>
      {list ? (
        <Placed within={rect} rect={list}>
          <ModelTable model={model} rect={list} focused={focus === 'list'} />
        </Placed>
      ) : null}
      {details ? (
        <Placed within={rect} rect={details}>
          <ModelDetails model={model} rect={details} />
        </Placed>
      ) : null}
      {endpoints ? (
        <Placed within={rect} rect={endpoints}>
          <EndpointsPane model={model} rect={endpoints} focused={focus === 'endpoints'} />
        </Placed>
      ) : null}
    </>
  );
}

interface PaneProps {
  readonly model: ModelsModel;
  readonly rect: Rect;
  readonly focused?: boolean;
}

function ModelTable({ model, rect, focused = false }: PaneProps): ReactNode {
  const list = useStore(model.context.models, (state) => state.list);
  const pulls = useStore(model.context.models, (state) => state.pulls);
  const verifying = useStore(model.context.models, (state) => state.verifying);
  const { filter } = useStore(model.list.store);
  const { width, height } = inside(rect);
  return (
    <Panel
      rect={rect}
      title={t('models.list')}
      note={filter ? t('filter.active', { text: filter }) : ''}
      focused={focused}
    >
      <Table
        model={model.list}
        columns={columns(pulls, verifying)}
        width={width}
        height={height}
        focused={focused}
        empty={list ? '' : t('home.looking')}
        emptyFilter={t('kb.noMatch')}
      />
    </Panel>
  );
}

function columns(pulls: Readonly<Record<string, Pull>>, verifying: string | null): readonly Column<ModelStatus>[] {
  return [
    {
      title: t('models.column.name'),
      min: 32,
      max: 60,
      weight: 1,
      cell: ({ entry }, { matched }) => highlighted(entry.title, matched),
    },
    {
      title: t('models.column.state'),
      min: 13,
      cell: (status) => stateCell(status, pulls[status.entry.id], verifying === status.entry.id),
    },
    { title: t('models.column.kind'), min: 8, cell: ({ entry }) => t(`models.kind.${entry.kind}`) },
    { title: t('models.column.size'), min: 8, align: 'right', cell: ({ bytesTotal }) => formatBytes(bytesTotal) },
    { title: t('models.column.licence'), min: 10, optional: 2, cell: ({ entry }) => entry.licence },
    {
      title: t('models.column.languages'),
      min: 14,
      optional: 3,
      cell: ({ entry }) => entry.languages.map((language) => t(`models.language.${language}`)).join(', '),
    },
  ];
}

function stateCell(
  { state, bytesPresent, bytesTotal }: ModelStatus,
  pull: Pull | undefined,
  verifying: boolean,
): Span[] {
  if (verifying) return [{ text: t('models.state.verifying'), style: 'accent' }];
  if (pull?.state === 'running') {
    const { progress } = pull;
    const share = progress && progress.total > 0 ? `${Math.floor((100 * progress.bytes) / progress.total)}%` : '';
    return [{ text: `↓ ${share || t('models.state.pulling')}`, style: 'accent' }];
  }
  const style = { absent: 'muted', partial: 'warn', present: 'good', damaged: 'bad' } as const;
  const share = state === 'partial' ? ` ${Math.floor((100 * bytesPresent) / bytesTotal)}%` : '';
  return [{ text: t(`models.state.${state}`) + share, style: style[state] }];
}

function ModelDetails({ model, rect }: PaneProps): ReactNode {
  const pulls = useStore(model.context.models, (state) => state.pulls);
  useStore(model.context.models, (state) => state.list);
  useStore(model.list.store);
  useStore(model.endpoints.store);
  useStore(model.context.endpoints);
  const atEndpoints = useStore(model.context.ui, (state) => state.focus['models'] === 'endpoints');
  const { width, height } = inside(rect);
  const endpoint = atEndpoints ? endpointLines(model, width) : null;
  if (endpoint) {
    return (
      <Panel rect={rect} title={model.endpoints.selected()?.name ?? ''}>
        <Rows lines={endpoint} width={width} height={height} />
      </Panel>
    );
  }
  const status = model.list.selected();
  if (!status) {
    return (
      <Panel rect={rect} title={t('models.details')}>
        <Rows lines={[]} width={width} height={height} />
      </Panel>
    );
  }
  const lines = [...pullLines(pulls[status.entry.id], width), ...factLines(status, width)];
  return (
    <Panel rect={rect} title={status.entry.title}>
      <Rows lines={lines} width={width} height={height} />
    </Panel>
  );
}

function pullLines(pull: Pull | undefined, width: number): Line[] {
  if (!pull || pull.state === 'done') return [];
  if (pull.state === 'running') {
    return [
      [{ text: ' ' }, ...spansOf(pullProgressLine(pull, width - 2))],
      [{ text: ` ${sanitizeLine(pullPhase(pull))}`, style: 'muted' }],
    ];
  }
  const text = pull.error ? `✗ ${pull.error.message} ${pull.error.hint}` : t('models.pull.cancelled');
  const rows = wrapRows(sanitizeLine(text), width - 2).slice(0, 5);
  return rows.map((row): Line => [{ text: ` ${row}`, style: pull.error ? 'bad' : 'warn' }]);
}

function factLines({ entry, bytesTotal, folder }: ModelStatus, width: number): Line[] {
  const facts: (readonly [string, string])[] = [
    [t('models.fact.id'), entry.id],
    [
      t('models.fact.parameters'),
      `${entry.parameters} · ${entry.languages.map((language) => t(`models.language.${language}`)).join(', ')}`,
    ],
    [t('models.fact.size'), `${formatBytes(bytesTotal)} · ${entry.licence}`],
    [t('models.fact.origin'), entry.origin],
  ];
  if (entry.kind === 'chat')
    facts.push([t('models.fact.context'), t('models.context', { tokens: formatCount(entry.contextTokens) })]);
  if (entry.kind === 'embedder') {
    const { dimension, dtype, pooling, maxTokens, queryInstruction } = entry.embedder;
    facts.push([t('models.fact.vectors'), t('models.vectors', { dimension, dtype, pooling, tokens: maxTokens })]);
    facts.push([t('models.fact.instruction'), queryInstruction || t('models.noInstruction')]);
  }
  facts.push([t('models.fact.folder'), folder]);
  const note = entry.note
    ? wrapRows(entry.note, width - 2).map((row): Line => [{ text: ` ${row}`, style: 'warn' }])
    : [];
  return [
    ...facts.flatMap(([name, value]): Line[] => {
      const rows = wrapRows(sanitizeLine(`${name}: ${value}`), width - 2);
      return rows.map(
        (row, i): Line =>
          i === 0
            ? [{ text: ` ${row.slice(0, name.length + 1)}`, style: 'muted' }, { text: row.slice(name.length + 1) }]
            : [{ text: `   ${row}` }],
      );
    }),
    ...note,
  ];
}
