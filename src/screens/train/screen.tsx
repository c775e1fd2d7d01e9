import { bindActions } from '../../keys/bind.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import type { ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { besideFormActions, formActions, liveActions, runsActions, trainActions } from './actions.ts';
import { createTrainModel } from './model.ts';
import { TrainView } from './view.tsx';

const WIDE = 110;

/** Trainings and engines; below them the form of a new one, or the live numbers of one that runs. */
export function createTrainScreen(context: ScreenContext): ScreenDefinition {
  const model = createTrainModel(context);
  const { training, datasets, models, workspace } = context;
  const showing = (view: 'form' | 'live'): boolean => training.getState().view === view;
  return {
    id: 'train',
    key: '9',
    title: () => t('train.title'),
    panes: [
      {
        id: 'runs',
        title: () => t('train.runs'),
        target: () => model.runs,
        copy: () => model.runs.selected()?.spec.id ?? null,
        actions: bindActions(runsActions, () => model),
      },
      {
        id: 'engines',
        title: () => t('train.engines'),
        target: () => model.engines,
        copy: () => model.engines.selected()?.folder ?? null,
      },
      {
        id: 'form',
        title: () => t('train.form'),
        target: () => model.fields,
        focusable: () => showing('form'),
        copy: () => model.fields.selected()?.value ?? null,
        actions: bindActions(formActions, () => model),
      },
      {
        id: 'plan',
        title: () => t('train.plan'),
        target: () => model.plan,
        focusable: () => showing('form'),
        copy: () => model.plan.text() || null,
      },
      {
        id: 'forecast',
        title: () => t('train.forecast'),
        target: () => model.forecast,
        focusable: () => showing('form'),
        copy: () => model.forecast.text() || null,
      },
      {
        id: 'live',
        title: () => t('train.live'),
        target: () => model.charts,
        focusable: () => showing('live'),
        actions: bindActions(liveActions, () => model),
      },
      { id: 'facts', title: () => t('train.facts'), focusable: () => false },
      {
        id: 'log',
        title: () => t('jobs.log'),
        target: () => model.log,
        focusable: () => showing('live'),
        copy: () => model.log.text() || null,
      },
    ],
    layout: (rect) => (showing('form') ? formLayout(rect, training.getState().beside) : liveLayout(rect)),
    view: (props) => <TrainView model={model} {...props} />,
    actions: bindActions([...trainActions, ...besideFormActions], () => model),
    copyAll: () => (showing('form') ? model.plan.text() : model.log.text()) || null,
    onEnter: () => {
      training.getState().refresh();
      void datasets.getState().refresh();
      void models.getState().refresh();
      void workspace.getState().refreshDisk();
    },
    back: () => {
      if (!showing('form')) return model.charts.release();
      training.getState().setView('live');
      return true;
    },
  };
}

/** Where there is little room the form has it all: `n` and Esc lead to and fro. */
function formLayout(rect: Rect, tab: 'plan' | 'forecast'): Record<string, Rect> {
  const wide = rect.width >= WIDE;
  if (!wide) {
    const [form, beside] = splitColumns(rect, ['1fr', '1fr']);
    return form && beside ? { form, [tab]: beside } : {};
  }
  const [top, lower] = splitRows(rect, [topRows(rect), '1fr']);
  const [runs, engines] = top ? splitColumns(top, ['3fr', '2fr']) : [];
  const [form, right] = lower ? splitColumns(lower, ['1fr', '1fr']) : [];
  const [forecast, plan] = right ? splitRows(right, ['3fr', '2fr']) : [];
  return runs && engines && form && forecast && plan ? { runs, engines, form, forecast, plan } : {};
}

const topRows = (rect: Rect): number => Math.min(9, Math.max(6, Math.floor(rect.height / 4)));

function liveLayout(rect: Rect): Record<string, Rect> {
  const wide = rect.width >= WIDE;
  const [top, lower] = splitRows(rect, [topRows(rect), '1fr']);
  const [runs, engines] = top ? splitColumns(top, wide ? ['3fr', '2fr'] : ['1fr', 38]) : [];
  if (!runs || !engines || !lower) return {};
  if (!wide) {
    const [live, log] = splitRows(lower, ['1fr', Math.max(4, Math.floor(lower.height / 4))]);
    return live && log ? { runs, engines, live, log } : {};
  }
  const [live, right] = splitColumns(lower, ['3fr', '2fr']);
  const [facts, log] = right ? splitRows(right, ['2fr', '3fr']) : [];
  return live && facts && log ? { runs, engines, live, facts, log } : {};
}
