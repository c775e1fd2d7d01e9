import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { Placed } from '../Placed.tsx';
import { ColumnView } from './ColumnView.tsx';
import { HistoryPane, RowsPane } from './HistoryPane.tsx';
import { MetricsPane } from './MetricsPane.tsx';
import { COLUMN_PANES, type CompareModel } from './model.ts';
import { QuestionView } from './QuestionView.tsx';

type Props = ScreenViewProps & { readonly model: CompareModel };

/** The question, below it the columns (or the history, or the questions of a dataset), and the numbers. */
export function CompareView({ model, rect, rects, focus }: Props): ReactNode {
  const state = useStore(model.context.compare);
  const { question, history, rows, metrics } = rects;
  const shown = model.shown();
  const tabs = shown.some((_, at) => !rects[COLUMN_PANES[at] ?? '']);
  return (
    <>
      {question ? (
        <Placed within={rect} rect={question}>
          <QuestionView model={model} state={state} rect={question} focused={focus === 'question'} />
        </Placed>
      ) : null}
      {shown.map((slot, at) => {
        const pane = COLUMN_PANES[at] ?? '';
        const place = rects[pane];
        if (!place) return null;
        const props = { model, state, slot, at, rect: place, focused: focus === pane, tabs };
        return (
          <Placed key={slot.id} within={rect} rect={place}>
            <ColumnView {...props} />
          </Placed>
        );
      })}
      {history ? (
        <Placed within={rect} rect={history}>
          <HistoryPane model={model} state={state} rect={history} focused={focus === 'history'} />
        </Placed>
      ) : null}
      {rows ? (
        <Placed within={rect} rect={rows}>
          <RowsPane model={model} state={state} rect={rows} focused={focus === 'rows'} />
        </Placed>
      ) : null}
      {metrics ? (
        <Placed within={rect} rect={metrics}>
          <MetricsPane context={model.context} rect={metrics} focused={focus === 'metrics'} />
        </Placed>
      ) : null}
    </>
  );
}
