import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { JobView } from '../jobs/types.ts';
import { t } from '../ui/i18n/index.ts';
import { List } from '../ui/List.tsx';
import type { ListModel } from '../ui/list-model.ts';
import { Panel } from '../ui/Panel.tsx';
import { inside, type Rect } from '../ui/rect.ts';
import { StreamView } from '../ui/StreamView.tsx';
import type { ScreenViewProps } from '../ui/screen.ts';
import type { StreamModel } from '../ui/stream-model.ts';
import { type Column, Table } from '../ui/Table.tsx';
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
}

/** The form of a new run. */
export function RunForm({ fields, title, ready, rect, focused }: FormProps): ReactNode {
  const { width, height } = inside(rect);
  return (
    <Panel rect={rect} title={title} note={ready ? t('train.ready') : ''} focused={focused}>
      <List model={fields} width={width} height={height} focused={focused} render={fieldLine} empty="" />
    </Panel>
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
