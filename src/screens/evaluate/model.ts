import { isEvaluation, runToShow } from '../../../stores/evaluation.ts';
import type { QuestionRow } from '../../evaluation/figures.ts';
import { shownMetrics } from '../../evaluation/report-text.ts';
import { isOver, type JobId, type JobView } from '../../jobs/types.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { createStreamModel, type HighlightRange, type StreamModel } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { evaluationFields, headlessCommand } from './form.ts';
import { itemText } from './item-text.ts';

export interface EvaluateModel {
  readonly context: ScreenContext;
  readonly runs: ListModel<JobView>;
  readonly fields: ListModel<FormField>;
  readonly plan: StreamModel;
  /** Metrics of the run that is looked at. */
  readonly metrics: ListModel<string>;
  readonly questions: ListModel<QuestionRow>;
  /** The question that was opened. */
  readonly question: StreamModel;
  /** What is lit in it. */
  readonly itemMarks: () => readonly HighlightRange[];
  readonly shown: () => JobView | undefined;
  readonly openQuestion: () => void;
}

const NO_JOBS: readonly JobView[] = [];
const NO_METRICS: readonly string[] = [];
/** While a run goes on its figures are computed again each time so much of it is done. */
const INTERIM_SHARE = 0.1;

/** Lists and texts of the screen over its stores. */
export function createEvaluateModel(context: ScreenContext): EvaluateModel {
  const { evaluation, jobs, ui } = context;
  let cache: { list: readonly JobView[] | null; runs: readonly JobView[] } = { list: null, runs: NO_JOBS };
  const all = (): readonly JobView[] => {
    const { list } = jobs.getState();
    if (cache.list !== list) cache = { list, runs: (list ?? []).filter(isEvaluation) };
    return cache.runs;
  };
  const runs = createListModel<JobView>({
    items: all,
    key: ({ spec }) => spec.id,
    text: ({ spec, state }) => `${spec.name} ${state}`,
  });
  const fields = createListModel<FormField>({ items: () => evaluationFields(context), key: ({ id }) => id });
  let metricsOf: { figures: unknown; names: readonly string[] } = { figures: null, names: NO_METRICS };
  const metrics = createListModel<string>({
    items: () => {
      const { figures } = evaluation.getState();
      if (metricsOf.figures !== figures)
        metricsOf = { figures, names: figures ? shownMetrics(figures.report) : NO_METRICS };
      return metricsOf.names;
    },
    key: (name) => name,
  });
  const items = createListModel<QuestionRow>({
    items: () => context.evaluationItems.getState().rows,
    key: ({ item }) => item,
    marks: true,
  });
  // What is typed after "/" is an expression here; the store finds the rows that answer it.
  const questions: ListModel<QuestionRow> = {
    ...items,
    filter: {
      get: () => context.evaluationItems.getState().filter,
      set: (text) => {
        const kept = items.selected();
        context.evaluationItems.getState().setFilter(text);
        if (kept) items.select(kept.item);
      },
    },
  };
  const plan = createStreamModel();
  const question = createStreamModel();
  let itemMarks: readonly HighlightRange[] = [];
  const writeItem = (): void => {
    const row = questions.selected();
    const { figures } = evaluation.getState();
    const { scope } = context.evaluationItems.getState();
    if (!row || !figures || !scope) return;
    const { text, marks } = itemText(row, figures, scope);
    itemMarks = marks;
    question.set(text);
  };
  // A flag, a comment, another base column: the open item is written again.
  context.evaluationItems.subscribe((state, before) => {
    if (state.scope !== before.scope) writeItem();
  });
  const shown = (): JobView | undefined => {
    const id = evaluation.getState().shown;
    return all().find(({ spec }) => spec.id === id);
  };

  const find = (): void => {
    const { list } = jobs.getState();
    const found = list ? runToShow(list) : undefined;
    const state = evaluation.getState();
    if (!found || state.shown !== null || state.view === 'form') return;
    runs.select(found.spec.id);
    void state.show(found.spec.id);
  };
  let computed: { run: JobId | null; share: number } = { run: null, share: 0 };
  const follow = (): void => {
    const job = shown();
    if (!job?.progress || isOver(job.state) || evaluation.getState().reading) return;
    const share = job.progress.total > 0 ? job.progress.done / job.progress.total : 0;
    if (computed.run !== job.spec.id) computed = { run: job.spec.id, share };
    if (share - computed.share < INTERIM_SHARE) return;
    computed = { run: job.spec.id, share };
    void evaluation.getState().recompute();
  };
  jobs.subscribe((state, before) => {
    if (state.list === before.list || ui.getState().screen !== 'evaluate') return;
    find();
    follow();
  });
  ui.subscribe((state, before) => {
    if (state.screen === 'evaluate' && before.screen !== 'evaluate') find();
  });
  evaluation.subscribe((state, before) => {
    if (state.form !== before.form || state.plan !== before.plan || state.problem !== before.problem)
      plan.set(planText(context));
  });
  return {
    context,
    runs,
    fields,
    plan,
    metrics,
    questions,
    question,
    shown,
    itemMarks: () => itemMarks,
    openQuestion: () => {
      writeItem();
      question.edge('first');
      const last = ui.getState().overlays.at(-1);
      if (last?.kind === 'modal' && last.id === 'evaluate.question') return;
      ui.getState().open({ kind: 'modal', id: 'evaluate.question' });
    },
  };
}

/** What would run: the command that does the same headless, and what it comes to. */
function planText({ evaluation }: ScreenContext): string {
  const { form, plan, problem, missing } = evaluation.getState();
  const headless = `$ ${headlessCommand(form)}`;
  if (problem) return sanitize(`✗ ${problem.message} ${problem.hint}\n\n${headless}`);
  if (!plan) return `${headless}\n\n${t('evaluate.planLater')}`;
  return sanitize(
    [
      headless,
      '',
      t('evaluate.plan.data', { dataset: plan.dataset, version: plan.version }),
      t('evaluate.plan.metrics', { metrics: plan.metrics.join(', ') }),
      t('evaluate.plan.primary', { primary: plan.primary }),
      ...(missing.length > 0 ? [`! ${t('evaluate.why.missing', { models: missing.join(', ') })}`] : []),
      '',
      t('evaluate.plan.about'),
    ].join('\n'),
  );
}
