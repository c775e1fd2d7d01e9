import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { JobView } from '../jobs/types.ts';
import { t } from '../ui/i18n/index.ts';
import { List } from '../ui/List.tsx';
import type { ListModel } from '../ui/list-model.ts';
import { Panel } from '../ui/Panel.tsx';
import { Row, Rows } from '../ui/Row.tsx';
import { inside, type Rect } from '../ui/rect.ts';
import { StreamView } from '../ui/StreamView.tsx';
import type { ScreenViewProps } from '../ui/screen.ts';
import type { StreamModel } from '../ui/stream-model.ts';
import { type Column, Table } from '../ui/Table.tsx';
import type { Line } from '../ui/text.ts';
import { wrapRows } from '../ui/wrap.ts';
import type { ScreenContext } from './context.ts';
import { type FormField, fieldLine } from './form.ts';
import { Placed } from './Placed.tsx';
import { stateText } from './progress.ts';

interface Place {
  readonly rect: Rect;
  readonly focused: boolean;
}

/** What a pane of a screen is drawn from. */
export interface PaneProps<M> extends Place {
  readonly model: M;
}

/** Every pane of a screen that has a place in its layout. */
export function Panes<M>({
  panes,
  model,
  rect,
  rects,
  focus,
}: ScreenViewProps & {
  readonly panes: Readonly<Record<string, (props: PaneProps<M>) => ReactNode>>;
  readonly model: M;
}): ReactNode {
  return Object.entries(panes).map(([id, Pane]) => {
    const place = rects[id];
    return place ? (
      <Placed key={id} within={rect} rect={place}>
        <Pane model={model} rect={place} focused={focus === id} />
      </Placed>
    ) : null;
  });
}

interface RunsProps extends Place {
  readonly context: ScreenContext;
  readonly runs: ListModel<JobView>;
  readonly columns: readonly Column<JobView>[];
  readonly title: string;
  /** What stands there before the first run. */
  readonly empty: string;
}

/** The jobs of one kind, as trainings and evaluations are listed. */
export function RunsTable({ context, runs, columns, title, empty, rect, focused }: RunsProps): ReactNode {
  const list = useStore(context.jobs, (state) => state.list);
  const { filter } = useStore(runs.store);
  const { width, height } = inside(rect);
  return (
    <Panel rect={rect} title={title} note={filter ? t('filter.active', { text: filter }) : ''} focused={focused}>
      <Table
        model={runs}
        columns={columns}
        width={width}
        height={height}
        focused={focused}
        empty={list ? empty : t('home.looking')}
        emptyFilter={t('kb.noMatch')}
      />
    </Panel>
  );
}

/** A run's state in its colour. */
export const stateColumn = (): Column<JobView> => ({
  title: t('jobs.column.state'),
  min: 8,
  cell: ({ state }) => [
    {
      text: stateText(state),
      style: state === 'succeeded' ? 'good' : state === 'failed' || state === 'lost' ? 'bad' : 'accent',
    },
  ],
});

/** `12/60` of a run. */
export const doneOfTotal = ({ progress }: JobView): string =>
  progress && progress.total > 0 ? `${progress.done}/${progress.total}` : '';

interface FormProps extends Place {
  readonly fields: ListModel<FormField>;
  readonly title: string;
  /** All is filled in. */
  readonly ready: boolean;
  /** Rows below it that explain what the cursor stands on; absent: none. */
  readonly aboutRows?: number;
}

/** The form of a new run. */
export function RunForm({ fields, title, ready, aboutRows = 0, rect, focused }: FormProps): ReactNode {
  useStore(fields.store);
  const { width, height } = inside(rect);
  const below = aboutRows > 0 ? aboutRows + 1 : 0;
  return (
    <Panel rect={rect} title={title} note={ready ? t('train.ready') : ''} focused={focused}>
      <List
        model={fields}
        width={width}
        height={Math.max(1, height - below)}
        focused={focused}
        render={fieldLine}
        empty=""
      />
      {below > 0 ? <About text={fields.selected()?.about ?? ''} width={width} rows={aboutRows} /> : null}
    </Panel>
  );
}

interface AboutProps {
  readonly text: string;
  readonly width: number;
  readonly rows: number;
}

/** What a line of the form means, below a rule. */
function About({ text, width, rows }: AboutProps): ReactNode {
  const lines = wrapRows(text, Math.max(2, width - 2)).slice(0, rows);
  return (
    <>
      <Row line={[{ text: '─'.repeat(width), style: 'border' }]} width={width} />
      <Rows lines={lines.map((line): Line => [{ text: ` ${line}`, style: 'muted' }])} width={width} height={rows} />
    </>
  );
}

interface TextProps extends Place {
  readonly text: StreamModel;
  readonly title: string;
  readonly empty: string;
}

/** A text in a panel: what a run would do, or its log. */
export function TextPanel({ text, title, empty, rect, focused }: TextProps): ReactNode {
  const { width, height } = inside(rect);
  return (
    <Panel rect={rect} title={title} focused={focused}>
      <StreamView model={text} width={width} height={height} empty={empty} />
    </Panel>
  );
}
