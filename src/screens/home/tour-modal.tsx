import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { bindActions } from '../../keys/bind.ts';
import type { Action } from '../../keys/types.ts';
import { SCREEN_OF, STEP_SIGNS, stepNow, stepViews } from '../../tour/steps.ts';
import type { StepView, TourStep } from '../../tour/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { Rows } from '../../ui/Row.tsx';
import type { ModalDefinition, ModalViewProps } from '../../ui/screen.ts';
import type { Line } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import type { ScreenContext } from '../context.ts';

const TOUR_MODAL = 'home.tour';

interface TourModel {
  readonly context: ScreenContext;
  readonly steps: ListModel<StepView>;
}

/** All ten steps with their ticks: where the tour is begun, gone on with and left; opened on the step that is next. */
export function createTourModal(context: ScreenContext): {
  readonly definition: ModalDefinition;
  readonly open: () => void;
} {
  const { tour } = context;
  // The list compares by identity: one record, one array.
  let cache: { readonly record: object; readonly views: readonly StepView[] } | undefined;
  const items = (): readonly StepView[] => {
    const { record } = tour.getState();
    if (cache?.record !== record) cache = { record, views: stepViews(record) };
    return cache.views;
  };
  const model: TourModel = { context, steps: createListModel<StepView>({ items, key: ({ step }) => step }) };
  return {
    open: () => {
      const now = stepNow(tour.getState().record);
      if (now) model.steps.select(now);
      context.ui.getState().open({ kind: 'modal', id: TOUR_MODAL });
    },
    definition: {
      id: TOUR_MODAL,
      title: () => t('tour.title'),
      width: 100,
      height: 21,
      view: (props) => <TourView model={model} {...props} />,
      target: () => model.steps,
      actions: bindActions(tourActions, () => model),
    },
  };
}

const tourActions: readonly Action<TourModel>[] = [
  {
    id: 'home.tour.go',
    title: 'Go there',
    help: 'Puts the tour on and shows the screen of the step under the cursor.',
    keys: ['enter'],
    rank: 1,
    when: ({ steps }) => (steps.selected() ? true : t('tour.why.list')),
    run: ({ context, steps }) => {
      const view = steps.selected();
      if (!view) return;
      context.tour.getState().begin();
      context.ui.getState().close();
      context.ui.getState().showScreen(SCREEN_OF[view.step]);
    },
  },
  {
    id: 'home.tour.skip',
    title: 'Skip',
    help: 'Leaves the step under the cursor out, or takes it up again.',
    keys: ['s'],
    rank: 2,
    when: ({ steps }) => {
      const view = steps.selected();
      if (!view) return t('tour.why.list');
      return view.state === 'done' ? t('tour.why.isDone') : true;
    },
    run: ({ context, steps }) => {
      const view = steps.selected();
      if (view) context.tour.getState().skip(view.step);
    },
  },
  {
    id: 'home.tour.leave',
    title: 'Leave',
    help: 'Takes the tour off the screen; what is done stays, and it goes on there later.',
    keys: ['x'],
    rank: 3,
    when: ({ context }) => (context.tour.getState().record.state === 'on' ? true : t('tour.why.isOff')),
    run: ({ context }) => {
      context.tour.getState().leave();
      context.ui.getState().close();
    },
  },
  {
    id: 'home.tour.again',
    title: 'From the start',
    help: 'Takes all ticks off and begins at the first step; what is there already is ticked again.',
    keys: ['r'],
    rank: 4,
    run: ({ context }) => context.tour.getState().again(),
  },
];

function TourView({ model, rect }: ModalViewProps & { readonly model: TourModel }): ReactNode {
  useStore(model.context.tour, ({ record }) => record);
  useStore(model.steps.store);
  const { width, height } = rect;
  const listHeight = Math.min(10, height - 4);
  const view = model.steps.selected();
  return (
    <Box flexDirection="column" width={width} height={height}>
      <List model={model.steps} width={width} height={listHeight} render={stepLine} empty="" />
      <Rows
        lines={[[{ text: '─'.repeat(width), style: 'border' }], ...(view ? detailLines(view.step, width) : [])]}
        width={width}
        height={height - listHeight}
      />
    </Box>
  );
}

function stepLine({ step, number, state }: StepView): Line {
  const style = ({ done: 'good', skipped: 'muted', now: 'accent', later: 'muted' } as const)[state];
  const note = t(`tour.state.${state}`);
  return [
    { text: `${STEP_SIGNS[state]} `, style, bold: state === 'now' },
    { text: `${String(number).padStart(2)}  ${t(`tour.${step}.title`)}`, bold: state === 'now' },
    { text: note ? `  ${note}` : '', style: 'muted' },
  ];
}

function detailLines(step: TourStep, width: number): Line[] {
  const needs = step === 'train' ? [`${t('tour.needs')}: ${t('tour.train.needs')}`] : [];
  const texts = [t(`tour.${step}.about`), `${t('tour.press')}: ${t(`tour.${step}.press`)}`, ...needs];
  return texts.flatMap((text, index) =>
    wrapRows(text, width - 2).map((row): Line => [{ text: ` ${row}`, style: index === 1 ? 'text' : 'muted' }]),
  );
}
