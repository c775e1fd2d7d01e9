import type { Choice } from '../../../stores/ui.ts';
import { knownMetric, LISTED } from '../../evaluation/metrics/registry.ts';
import type { Metric } from '../../evaluation/metrics/types.ts';
import { describedMetric } from '../../evaluation/own-metrics/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { metricText, t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';

const ALL = 'all';
const TYPED = 'typed';
const LIST = /[\s,]+/;

/** All metrics with what they are blind to, each to be taken or left; or their names as they are typed. */
export function chooseMetrics(context: ScreenContext, selected: string = ALL): void {
  const { evaluation, ui } = context;
  ui.getState().choose({
    title: t('evaluate.field.metrics'),
    choices: metricChoices(context),
    selected,
    pick: async (id) => {
      if (id === ALL) return evaluation.getState().configure({ metrics: null, primary: null });
      if (id === TYPED) return typeMetrics(context);
      await evaluation.getState().configure({ metrics: toggled(takenMetrics(context), id), primary: null });
      return chooseMetrics(context, id);
    },
  });
}

/** The lines of the choice, those that are taken with a mark; then what cannot be used, and why. */
export function metricChoices(context: ScreenContext): Choice[] {
  const { own } = context.evaluation.getState();
  const taken = takenMetrics(context);
  const parametric = taken.filter((name) => !LISTED.some((metric) => metric.name === name) && name.includes('@'));
  const line = (metric: Metric): Choice => ({
    id: metric.name,
    title: `${taken.includes(metric.name) ? '✓' : ' '} ${metric.name}`,
    note: sanitizeLine(metricText(metric)),
  });
  return [
    { id: ALL, title: t('evaluate.allMetrics') },
    { id: TYPED, title: t('evaluate.typeMetrics') },
    ...own.metrics.map(describedMetric).map(line),
    ...parametric.flatMap((name) => knownMetric(name) ?? []).map(line),
    // A name with a parameter is typed.
    ...LISTED.filter(({ name }) => !/@[A-Z]/.test(name)).map(line),
    ...own.problems.map(
      ({ file, message }): Choice => ({ id: file, title: '✗', note: '', disabled: sanitizeLine(message) }),
    ),
  ];
}

/** The metrics as they are now: those named, else all that apply. */
function takenMetrics({ evaluation }: ScreenContext): readonly string[] {
  const { form, plan } = evaluation.getState();
  return form.metrics ?? plan?.metrics ?? [];
}

/** With or without one of them; null when none is left: all that apply. Pure. */
export function toggled(names: readonly string[], name: string): readonly string[] | null {
  const left = names.includes(name) ? names.filter((one) => one !== name) : [...names, name];
  return left.length === 0 ? null : left;
}

function typeMetrics(context: ScreenContext): void {
  const { evaluation, ui } = context;
  const own = evaluation.getState().own.metrics.map(({ name }) => name);
  ui.getState().prompt({
    title: t('evaluate.field.metrics'),
    text: t('evaluate.metricsHelp', { names: [...own, ...LISTED.map(({ name }) => name)].join(', ') }),
    initial: evaluation.getState().form.metrics?.join(', ') ?? '',
    submit: (text) => {
      const names = text.split(LIST).filter(Boolean);
      return evaluation.getState().configure({ metrics: names.length === 0 ? null : names, primary: null });
    },
  });
}
