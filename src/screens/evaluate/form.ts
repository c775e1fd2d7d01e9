import { partsOf, rowsOf } from '../../../stores/datasets.ts';
import type { EvaluationForm } from '../../../stores/evaluation.ts';
import type { Choice } from '../../../stores/ui.ts';
import type { DatasetManifest } from '../../datasets/types.ts';
import { GENERAL } from '../../evaluation/general-names.ts';
import { shellWord } from '../../platform/shell-word.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import { choosePart } from '../dataset-part.ts';
import { type FormField, typedNumber } from '../form.ts';
import { chooseMetrics } from './metric-choice.ts';

const TYPED = 'typed';

/** The lines of the form, each with the way to change it; every column is a line. */
export function evaluationFields(context: ScreenContext): FormField[] {
  const { form, plan } = context.evaluation.getState();
  const { dataset, split, limit, seed, kb, columns, metrics, primary, schema, markers, judge } = form;
  const configure = (change: Partial<EvaluationForm>): void => void context.evaluation.getState().configure(change);
  return [
    {
      id: 'dataset',
      title: t('evaluate.field.dataset'),
      value: dataset ?? t('train.choose'),
      ...(dataset ? {} : { tone: 'missing' as const }),
      change: () => chooseDataset(context),
    },
    {
      id: 'split',
      title: t('evaluate.field.part'),
      value: split === 'all' ? t('datasets.allRows') : split,
      note: dataset === GENERAL ? t('evaluate.generalNote') : partNote(context, form),
      change: () => chooseSplit(context),
    },
    {
      id: 'limit',
      title: t('evaluate.field.limit'),
      value: limit === null ? t('evaluate.allItems') : formatCount(limit),
      change: () => askCount(context, t('evaluate.field.limit'), limit, (value) => configure({ limit: value })),
    },
    {
      id: 'kb',
      title: t('evaluate.field.kb'),
      value: kb ?? '–',
      note: kb ? '' : t('evaluate.kbNote'),
      change: () => chooseKb(context),
    },
    ...columns.map((column, i): FormField => {
      const name = /(?:^|,)name=([^,]*)/.exec(column)?.[1] ?? column;
      return {
        id: `column ${i}`,
        title: `${t('evaluate.field.column')} ${i + 1}`,
        value: name,
        note: column.replace(/(?:^|,)name=[^,]*,?/, ''),
        change: () => changeColumn(context, i),
      };
    }),
    {
      id: 'add',
      title: t('evaluate.field.add'),
      value: t('evaluate.addColumn'),
      ...(columns.length === 0 ? { tone: 'missing' as const } : {}),
      change: () => addColumn(context),
    },
    {
      id: 'metrics',
      title: t('evaluate.field.metrics'),
      value: metrics?.join(', ') ?? t('evaluate.allMetrics'),
      change: () => chooseMetrics(context),
    },
    {
      id: 'primary',
      title: t('evaluate.field.primary'),
      value: primary ?? plan?.primary ?? '–',
      note: t('evaluate.primaryNote'),
      change: () => choosePrimary(context),
    },
    {
      id: 'schema',
      title: t('evaluate.field.schema'),
      value: schema ?? '–',
      note: t('evaluate.schemaNote'),
      change: () =>
        askText(context, t('evaluate.field.schema'), t('evaluate.schemaHelp'), schema, (value) =>
          configure({ schema: value, metrics: null, primary: null }),
        ),
    },
    {
      id: 'markers',
      title: t('evaluate.field.markers'),
      value: markers ?? '–',
      note: markers ? `{{${markers}_START}}…{{${markers}_END}}` : '',
      change: () =>
        askText(context, t('evaluate.field.markers'), t('evaluate.markersHelp'), markers, (value) =>
          configure({ markers: value, metrics: null, primary: null }),
        ),
    },
    {
      id: 'judge',
      title: t('evaluate.field.judge'),
      value: judge ?? '–',
      note: judge === null ? t('evaluate.judgeNote') : (plan?.judge?.metrics.join(', ') ?? ''),
      change: () =>
        chooseJudge(context, {
          title: t('evaluate.field.judge'),
          first: [{ id: '', title: '–', note: t('evaluate.judgeNote') }],
          selected: judge ?? '',
          pick: (llm) => configure({ judge: llm === '' ? null : llm }),
        }),
    },
    {
      id: 'seed',
      title: t('evaluate.field.seed'),
      value: String(seed),
      change: () => askCount(context, t('evaluate.field.seed'), seed, (value) => configure({ seed: value ?? 1314 })),
    },
  ];
}

function askText(
  { ui }: ScreenContext,
  title: string,
  text: string,
  initial: string | null,
  take: (value: string | null) => void,
): void {
  ui.getState().prompt({ title, text, initial: initial ?? '', submit: (typed) => take(typed.trim() || null) });
}

function askCount(
  { ui }: ScreenContext,
  title: string,
  initial: number | null,
  take: (value: number | null) => void,
): void {
  ui.getState().prompt({
    title,
    initial: initial === null ? '' : String(initial),
    submit: (text) => {
      const value = typedNumber(text);
      if (text.trim() === '') take(null);
      else if (value !== undefined && Number.isInteger(value) && value > 0) take(value);
      else ui.getState().toast(t('train.noNumber', { text }), 'warn');
    },
  });
}

const questionSets = ({ datasets }: ScreenContext): readonly DatasetManifest[] =>
  (datasets.getState().list ?? []).filter(({ kind }) => kind === 'qa');
const manifestOf = (context: ScreenContext, name: string | null): DatasetManifest | undefined =>
  questionSets(context).find((one) => one.name === name);

/** The part that is meant to be measured on, else all. */
export const testPart = (manifest: DatasetManifest | undefined): string =>
  (manifest ? partsOf(manifest).find((part) => part.endsWith('/test')) : undefined) ?? 'all';

function chooseDataset(context: ScreenContext): void {
  const { evaluation, ui } = context;
  const found = questionSets(context);
  if (found.length === 0) {
    ui.getState().toast(t('train.why.noDataset'), 'warn');
    return;
  }
  ui.getState().choose({
    title: t('evaluate.field.dataset'),
    choices: found.map(({ name, rows }) => ({ id: name, title: name, note: t('datasets.rowCount', { count: rows }) })),
    selected: evaluation.getState().form.dataset ?? '',
    pick: (name) => evaluation.getState().configure({ dataset: name, split: testPart(manifestOf(context, name)) }),
  });
}

function chooseSplit(context: ScreenContext): void {
  const { form, configure } = context.evaluation.getState();
  choosePart(context, {
    title: t('evaluate.field.part'),
    manifest: manifestOf(context, form.dataset),
    selected: form.split,
    missing: t('evaluate.why.incomplete'),
    pick: (split) => configure({ split }),
  });
}

function partNote(context: ScreenContext, { dataset, split }: EvaluationForm): string {
  const manifest = manifestOf(context, dataset);
  if (!manifest) return '';
  const rows = t('datasets.rowCount', { count: formatCount(rowsOf(manifest, split)) });
  return manifest.splits.length === 0 ? `${rows} · ${t('evaluate.noSplit')}` : rows;
}

function chooseKb(context: ScreenContext): void {
  const { evaluation, kb, ui } = context;
  ui.getState().choose({
    title: t('evaluate.field.kb'),
    choices: [
      { id: '', title: '–', note: t('evaluate.kbNote') },
      ...(kb.getState().list ?? []).map(({ name, embedders }) => ({
        id: name,
        title: name,
        note: embedders.join(', '),
      })),
    ],
    selected: evaluation.getState().form.kb ?? '',
    pick: (name) => evaluation.getState().configure({ kb: name === '' ? null : name }),
  });
}

/** Columns that make sense with what is here: a choice's id is the columns it adds, separated by a line break. */
export function columnChoices(context: ScreenContext): Choice[] {
  const { models, form } = context.evaluation.getState();
  const general = form.dataset === GENERAL;
  const base = context.kb.getState().list?.find(({ name }) => name === form.kb);
  const gold = (name: string, llm: string): string =>
    general ? `name=${name},llm=${llm}` : `name=${name},llm=${llm},context=gold,prompt=sft`;
  const llms = models.filter(({ kind }) => kind === 'llm');
  const pairs = llms.flatMap(({ id, base: under }): Choice[] =>
    under === null
      ? []
      : [
          {
            id: `${gold('base', under)}\n${gold('tuned', id)}`,
            title: `${under} + ${id}`,
            note: t('evaluate.column.pair'),
          },
        ],
  );
  const single = llms.map(
    ({ id }): Choice => ({ id: gold(safeName(id), id), title: id, note: t('evaluate.column.gold') }),
  );
  const search = (id: string): string => `name=${safeName(id)},llm=none,embedder=${id},mode=vector`;
  const [active, ...others] = base?.embedders ?? [];
  const searched = others.map(
    (other): Choice => ({
      id: `${search(active ?? '')}\n${search(other)}`,
      title: `${active} + ${other}`,
      note: t('evaluate.column.embedderPair'),
    }),
  );
  const retrieving = models
    .filter(({ kind }) => kind === 'embedder')
    .map(
      ({ id }): Choice => ({
        id: search(id),
        title: id,
        note: t('evaluate.column.retrieval'),
        ...(base?.embedders.includes(id)
          ? {}
          : { disabled: base ? t('evaluate.why.notInKb') : t('evaluate.why.noKb') }),
      }),
    );
  const typed: Choice = { id: TYPED, title: t('evaluate.column.typed'), note: 'name=,llm=,context=,…' };
  return [...pairs, ...searched, ...single, ...retrieving, typed];
}

/** A column's name holds no spaces and no `, = : /`. */
const safeName = (id: string): string => id.replace(/[\s,=:/]+/g, '-').slice(0, 40);

function addColumn(context: ScreenContext): void {
  const { evaluation, ui } = context;
  const general = evaluation.getState().form.dataset === GENERAL;
  const add = (specs: readonly string[]): Promise<void> =>
    evaluation.getState().configure({ columns: [...evaluation.getState().form.columns, ...specs] });
  ui.getState().choose({
    title: t('evaluate.addColumn'),
    choices: columnChoices(context),
    pick: (id) => {
      if (id !== TYPED) return add(id.split('\n'));
      ui.getState().prompt({
        title: t('evaluate.column.typed'),
        text: t('evaluate.column.help'),
        initial: general ? 'name=,llm=' : 'name=,llm=,context=gold,prompt=sft',
        submit: (text) => add([text.trim()]),
      });
      return undefined;
    },
  });
}

function changeColumn({ evaluation, ui }: ScreenContext, at: number): void {
  const put = (spec: string | null): Promise<void> => {
    const { columns } = evaluation.getState().form;
    return evaluation.getState().configure({
      columns: columns.flatMap((column, i) => (i !== at ? [column] : spec === null ? [] : [spec])),
    });
  };
  ui.getState().choose({
    title: t('evaluate.changeColumn'),
    choices: [
      { id: 'edit', title: t('evaluate.column.edit') },
      { id: 'remove', title: t('evaluate.column.remove') },
    ],
    pick: (id) => {
      if (id === 'remove') return put(null);
      ui.getState().prompt({
        title: t('evaluate.column.typed'),
        text: t('evaluate.column.help'),
        initial: evaluation.getState().form.columns[at] ?? '',
        submit: (text) => put(text.trim()),
      });
      return undefined;
    },
  });
}

/** An LLM that judges: any that is here. */
export function chooseJudge(
  { evaluation, ui }: ScreenContext,
  {
    first,
    ...choice
  }: {
    readonly title: string;
    readonly first: readonly Choice[];
    readonly selected: string;
    readonly pick: (llm: string) => void | Promise<void>;
  },
): void {
  const llms = evaluation.getState().models.filter(({ kind }) => kind === 'llm');
  ui.getState().choose({
    ...choice,
    choices: [...first, ...llms.map(({ id, base }) => ({ id, title: id, ...(base === null ? {} : { note: base }) }))],
  });
}

function choosePrimary({ evaluation, ui }: ScreenContext): void {
  const { plan } = evaluation.getState();
  if (!plan) {
    ui.getState().toast(t('evaluate.why.incomplete'), 'warn');
    return;
  }
  ui.getState().choose({
    title: t('evaluate.field.primary'),
    choices: plan.metrics.map((name) => ({ id: name, title: name })),
    selected: plan.primary,
    pick: (primary) => evaluation.getState().configure({ primary }),
  });
}

/** A column for general questions: what it reads, and the prompt for it, are left out. Pure. */
export const withoutReading = (spec: string): string =>
  spec
    .split(',')
    .filter((part) => !/^\s*(?:context|prompt)\s*=/.test(part))
    .join(',');

/** Fills in what is still open with what is most likely meant. */
export function fillForm(context: ScreenContext): void {
  const { evaluation, datasets } = context;
  const { form } = evaluation.getState();
  if (form.dataset !== null && form.dataset !== GENERAL && manifestOf(context, form.dataset)) return;
  const found = questionSets(context);
  const manifest = found.find(({ name }) => name === datasets.getState().selected) ?? found[0];
  void evaluation.getState().configure({ dataset: manifest?.name ?? null, split: testPart(manifest) });
}

/** The command that does the same without the screen. */
export function headlessCommand({
  dataset,
  split,
  limit,
  seed,
  kb,
  columns,
  metrics,
  primary,
  schema,
  markers,
  judge,
}: EvaluationForm): string {
  const words = [
    ...['--dataset', dataset ?? 'NAME', '--split', split],
    ...(limit === null ? [] : ['--limit', String(limit)]),
    ...(kb === null ? [] : ['--kb', kb]),
    ...['--seed', String(seed)],
    ...(columns.length === 0 ? ['--column', 'name=,llm='] : columns.flatMap((column) => ['--column', column])),
    ...(metrics === null ? [] : ['--metrics', metrics.join(',')]),
    ...(primary === null ? [] : ['--primary', primary]),
    ...(schema === null ? [] : ['--schema', schema]),
    ...(markers === null ? [] : ['--markers', markers]),
    ...(judge === null ? [] : ['--judge', judge]),
  ];
  return `ragtui eval run ${words.map(shellWord).join(' ')}`;
}

/** `true`, or why it cannot start yet. */
export function canStart({ evaluation }: ScreenContext): true | string {
  const { plan, problem, missing } = evaluation.getState();
  if (problem) return `${problem.message} ${problem.hint}`.trim();
  if (!plan) return t('evaluate.why.incomplete');
  return missing.length === 0 ? true : t('evaluate.why.missing', { models: missing.join(', ') });
}
