import { type ReactNode, useEffect } from 'react';
import { useStore } from 'zustand';
import type { StopStep } from '../../jobs/control.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import { Empty } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside } from '../../ui/rect.ts';
import type { Line } from '../../ui/text.ts';
import { stateText, whereText } from '../progress.ts';
import type { PaneProps } from '../run-panes.tsx';
import { ChartGrid, SMALLEST_CHART } from './ChartGrid.tsx';
import { headLines, madeLine, madeLines, usageLine, usageLines } from './live-lines.ts';
import type { TrainModel } from './model.ts';

const NO_STEPS: readonly StopStep[] = [];

/** The curves of the training that is looked at, under how far it is and what it uses. */
export const LivePane = (props: PaneProps<TrainModel>): ReactNode => <Live {...props} alone />;
/** The same where the facts have a pane of their own. */
export const LivePaneBesideFacts = (props: PaneProps<TrainModel>): ReactNode => <Live {...props} alone={false} />;

function Live({ model, rect, focused, alone }: PaneProps<TrainModel> & { readonly alone: boolean }): ReactNode {
  const { training, jobs, telemetry } = model.context;
  const watched = useStore(training, (state) => state.watched);
  useStore(training, (state) => state.version);
  useStore(training, (state) => state.overlays);
  useStore(jobs, (state) => state.list);
  const stopping = useStore(jobs, (state) => state.stopping);
  const charts = useStore(model.charts.store);
  const usage = useStore(telemetry);
  const { width, height } = inside(rect);
  const job = model.watched();
  const pid = job?.pid ?? null;
  useEffect(() => telemetry.getState().watchProcess(pid), [telemetry, pid]);
  useEffect(() => () => telemetry.getState().watchProcess(null), [telemetry]);
  if (!watched || !job) {
    return (
      <Panel rect={rect} title={t('train.live')} focused={focused}>
        <Empty text={t('train.liveEmpty')} width={width} height={height} />
      </Panel>
    );
  }
  const steps = stopping[job.spec.id] ?? NO_STEPS;
  const head = headLines(job, watched, {
    steps,
    width,
    now: model.context.now(),
    failure: training.getState().failure(job),
  });
  if (alone) head.push(...[usageLine(usage, job), madeLine(watched)].filter((line) => line !== undefined));
  const room = height - head.length;
  return (
    <Panel
      rect={rect}
      title={sanitizeLine(job.spec.name)}
      note={[stateText(job.state), whereText(job)].filter(Boolean).join(' · ')}
      focused={focused}
    >
      <Rows lines={head.slice(0, height)} width={width} />
      {room > SMALLEST_CHART ? <ChartGrid runs={model.chartRuns()} width={width} height={room} {...charts} /> : null}
    </Panel>
  );
}

/** What the training and the machine use, its checkpoints, and what it has made. */
export function FactsPane({ model, rect, focused }: PaneProps<TrainModel>): ReactNode {
  const { training, telemetry, jobs } = model.context;
  const watched = useStore(training, (state) => state.watched);
  useStore(training, (state) => state.version);
  useStore(jobs, (state) => state.list);
  const usage = useStore(telemetry);
  const { width, height } = inside(rect);
  const job = model.watched();
  const lines: Line[] = job && watched ? [...usageLines(usage, job, width), ...madeLines(watched, width)] : [];
  return (
    <Panel rect={rect} title={t('train.facts')} focused={focused}>
      {lines.length === 0 ? (
        <Empty text={t('train.factsEmpty')} width={width} height={height} />
      ) : (
        <Rows lines={lines.slice(0, height)} width={width} />
      )}
    </Panel>
  );
}
