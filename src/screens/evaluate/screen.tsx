import { bindActions } from '../../keys/bind.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import type { ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { evaluateActions, formActions, runsActions } from './actions.ts';
import { figuresActions, figuresTarget, judgeActions, pageActions } from './figures-actions.ts';
import { itemsActions } from './item-actions.ts';
import { itemModal } from './item-modal.tsx';
import { createEvaluateModel } from './model.ts';
import { EvaluateView } from './view.tsx';
import { calibrationModal, voteModal } from './vote-modal.tsx';

const WIDE = 110;

/** Evaluation runs; below them the form of a new one, or figures, verdict and questions of one. */
export function createEvaluateScreen(context: ScreenContext): ScreenDefinition {
  const model = createEvaluateModel(context);
  const { evaluation, datasets } = context;
  const showing = (view: 'form' | 'figures'): boolean => evaluation.getState().view === view;
  return {
    id: 'evaluate',
    key: '0',
    title: () => t('evaluate.title'),
    panes: [
      {
        id: 'runs',
        title: () => t('evaluate.runs'),
        target: () => model.runs,
        copy: () => model.runs.selected()?.spec.id ?? null,
        actions: bindActions(runsActions, () => model),
      },
      {
        id: 'form',
        title: () => t('evaluate.form'),
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
        id: 'figures',
        title: () => t('evaluate.figures'),
        target: () => figuresTarget(model),
        actions: bindActions(figuresActions, () => model),
        focusable: () => showing('figures'),
        copy: () => model.metrics.selected() ?? null,
      },
      {
        id: 'questions',
        title: () => t('evaluate.questions'),
        target: () => model.questions,
        focusable: () => showing('figures'),
        copy: () => model.questions.selected()?.question ?? null,
        actions: bindActions(itemsActions, () => model),
      },
    ],
    layout: (rect) => layout(rect, showing('form')),
    view: (props) => <EvaluateView model={model} {...props} />,
    actions: bindActions([...evaluateActions, ...pageActions, ...judgeActions], () => model),
    modals: [itemModal(model), voteModal(model), calibrationModal(model)],
    onEnter: () => {
      evaluation.getState().refresh();
      void datasets.getState().refresh();
    },
    back: () => {
      const { page, setPage } = evaluation.getState();
      if (!showing('form') && page !== 'scores') {
        setPage('scores');
        return true;
      }
      if (!showing('form')) return false;
      evaluation.getState().setView('figures');
      return true;
    },
  };
}

function layout(rect: Rect, form: boolean): Record<string, Rect> {
  const top = Math.min(9, Math.max(5, Math.floor(rect.height / 5)));
  if (form) {
    const [runs, lower] = splitRows(rect, [top, '1fr']);
    const wide = rect.width >= WIDE;
    const [fields, plan] = lower ? (wide ? splitColumns(lower, ['3fr', '2fr']) : splitRows(lower, ['3fr', '2fr'])) : [];
    return runs && fields && plan ? { runs, form: fields, plan } : {};
  }
  const [runs, figures, questions] = splitRows(rect, [top, '3fr', '2fr']);
  return runs && figures && questions ? { runs, figures, questions } : {};
}
