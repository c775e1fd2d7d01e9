import { isEvaluation, runToShow } from '../../../stores/evaluation.ts';
import type { BlameCount, BlameReport } from '../../evaluation/blame/run.ts';
import type { Detectable } from '../../evaluation/detectable.ts';
import type { ColumnComparison } from '../../evaluation/diff.ts';
import type { QuestionRow } from '../../evaluation/figures.ts';
import type { MatrixEffect } from '../../evaluation/matrix/effects.ts';
import { effectLabel } from '../../evaluation/matrix/text.ts';
import { shownMetrics } from '../../evaluation/report-text.ts';
import { scoreText } from '../../evaluation/score-text.ts';
import type { Stratum } from '../../evaluation/strata.ts';
import { isOver, type JobId, type JobView } from '../../jobs/types.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { formatPercent } from '../../ui/format.ts';
import { noteText, t } from '../../ui/i18n/index.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { createStreamModel, type HighlightRange, type StreamModel } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { ballotText } from './ballot-text.ts';
import { evaluationFields, headlessCommand } from './form.ts';
import { itemText } from './item-text.ts';
import { unitText } from './texts.ts';

/** One label of one column, with how many of its wrong items have it. */
export interface BlameRow extends BlameCount {
  readonly column: string;
  readonly wrong: number;
}

export interface EvaluateModel {
  readonly context: ScreenContext;
  readonly runs: ListModel<JobView>;
  readonly fields: ListModel<FormField>;
  readonly plan: StreamModel;
  /** The pair that is voted on. */
  readonly ballot: StreamModel;
  readonly calibration: StreamModel;
  /** Metrics of the run that is looked at. */
  readonly metrics: ListModel<string>;
  /** Of a run whose columns cross LLMs, embedders and contexts. */
  readonly effects: ListModel<MatrixEffect>;
  readonly strata: ListModel<Stratum>;
  readonly blame: ListModel<BlameRow>;
  /** Metrics of the comparison of two runs. */
  readonly versus: ListModel<string>;
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
const NO_EFFECTS: readonly MatrixEffect[] = [];
const NO_STRATA: readonly Stratum[] = [];
/** While a run goes on its figures are computed again each time so much of it is done. */
const INTERIM_SHARE = 0.1;

/** What was made of the last value, as long as it stays. */
function once<A, B>(make: (value: A) => B): (value: A) => B {
  let known: { readonly of: A; readonly made: B } | undefined;
  return (value) => {
    if (!known || known.of !== value) known = { of: value, made: make(value) };
    return known.made;
  };
}

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
    text: ({ spec, state, tags, note }) => `${spec.name} ${state} ${tags.join(' ')} ${note}`,
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
  const effects = createListModel<MatrixEffect>({
    items: () => evaluation.getState().figures?.report.matrix?.effects ?? NO_EFFECTS,
    key: effectLabel,
  });
  const strata = createListModel<Stratum>({
    items: () => evaluation.getState().figures?.report.strata ?? NO_STRATA,
    key: ({ partition, stratum }) => `${partition} ${stratum}`,
  });
  const blameRows = once((report: BlameReport | null) =>
    (report?.columns ?? []).flatMap(({ column, wrong, labels }) =>
      labels.map((one): BlameRow => ({ ...one, column, wrong })),
    ),
  );
  const blame = createListModel<BlameRow>({
    items: () => blameRows(context.evaluationItems.getState().blame),
    key: ({ column, label }) => `${column} ${label}`,
  });
  const versusMetrics = once((found: ColumnComparison | null) => Object.keys(found?.metrics ?? {}));
  const versus = createListModel<string>({
    items: () => versusMetrics(evaluation.getState().versus),
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
  const ballot = createStreamModel();
  const calibration = createStreamModel();
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
    const parts = ['form', 'plan', 'problem', 'warnings', 'detectable'] as const;
    if (parts.some((part) => state[part] !== before[part])) plan.set(planText(context));
    if (state.ballot !== before.ballot) ballot.set(ballotText(context));
  });
  return {
    context,
    runs,
    fields,
    plan,
    ballot,
    calibration,
    metrics,
    effects,
    strata,
    blame,
    versus,
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
  const { form, plan, problem, missing, warnings, detectable } = evaluation.getState();
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
      ...(plan.columns.length > 1 && detectable ? [detectableText(plan.primary, detectable)] : []),
      ...(plan.judge
        ? [t('evaluate.plan.judge', { judge: plan.judge.llm, metrics: plan.judge.metrics.join(', ') })]
        : []),
      ...warnings.map((warning) => `! ${noteText(warning)}`),
      ...(missing.length > 0 ? [`! ${t('evaluate.why.missing', { models: missing.join(', ') })}`] : []),
      '',
      t('evaluate.plan.about'),
    ].join('\n'),
  );
}

/** The smallest difference that so many questions can find, and how that is known. */
function detectableText(metric: string, { items, difference, from }: Detectable): string {
  const values = { items, points: scoreText(metric, difference), unit: unitText(metric) };
  return from.kind === 'run'
    ? t('evaluate.plan.findsRun', { ...values, run: from.run, before: from.items })
    : t('evaluate.plan.findsRule', { ...values, discordant: formatPercent(from.discordant) });
}
