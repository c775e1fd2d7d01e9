import { isDeepStrictEqual } from 'node:util';
import { partsOf, rowsOf } from '../../../stores/datasets.ts';
import { formOf, trainingOf } from '../../../stores/training-form.ts';
import type { TrainingForm } from '../../../stores/training-types.ts';
import type { DatasetManifest } from '../../datasets/types.ts';
import { isSlurm } from '../../hosts/types.ts';
import { nextName } from '../../jobs/clone.ts';
import type { JobWork } from '../../jobs/types.ts';
import type { ModelStatus } from '../../models/types.ts';
import { shellWord } from '../../platform/shell-word.ts';
import { EMBEDDER_FIELDS, fieldsOf, METHODS, PRESETS, STAGES, TRAINING_FIELDS } from '../../training/fields.ts';
import { methodOf } from '../../training/llm-config.ts';
import {
  type EmbedderOptions,
  ENGINE_OF,
  type Method,
  type Preset,
  type Setting,
  type Stage,
  type TrainingKind,
} from '../../training/types.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import { choosePart } from '../dataset-part.ts';
import type { FormField } from '../form.ts';
import { embedderFields } from './form-embedder.ts';
import { trainLauncher, whyNoEngine } from './form-launcher.ts';
import { gpuFields, llmFields } from './form-llm.ts';
import { nodeFields, whyNoNodes } from './form-nodes.ts';
import { askNumber, engineOn, hasGpu, manifestOf } from './form-parts.ts';
import { settingFields } from './form-settings.ts';

/** The lines of the form, each with the way to change it. */
export function trainingFields(context: ScreenContext, preset: Readonly<Record<string, Setting>>): FormField[] {
  const { form } = context.training.getState();
  const { kind, dataset, split, base, name, limit } = form;
  const needed = (value: string | null): Pick<FormField, 'value' | 'tone'> =>
    value ? { value } : { value: t('train.choose'), tone: 'missing' };
  return [
    {
      id: 'kind',
      title: t('train.field.kind'),
      about: t('train.about.field.kind'),
      value: t(`train.kind.${kind}`),
      change: () => chooseKind(context),
    },
    {
      id: 'base',
      title: t('train.field.base'),
      about: t('train.about.field.base'),
      ...needed(base),
      change: () => chooseBase(context),
    },
    {
      id: 'dataset',
      title: t('train.field.dataset'),
      about: t('train.about.field.dataset'),
      ...needed(dataset),
      change: () => chooseDataset(context),
    },
    {
      id: 'split',
      title: t('train.field.part'),
      about: t('train.about.field.part'),
      value: split === 'all' ? t('datasets.allRows') : split,
      note: partNote(context, form),
      change: () => chooseDatasetPart(context),
    },
    {
      id: 'limit',
      title: t('train.field.limit'),
      about: t('train.about.field.limit'),
      value: limit === null ? t('train.noLimit') : formatCount(limit),
      change: () =>
        askNumber(context, {
          title: t('train.field.limit'),
          initial: limit,
          take: (value) => context.training.getState().configure({ limit: value }),
        }),
    },
    {
      id: 'name',
      title: t('train.field.name'),
      about: t('train.about.field.name'),
      ...needed(name),
      change: () => askName(context),
    },
    ...trainLauncher(context),
    {
      id: 'preset',
      title: t('train.field.preset'),
      about: [
        ...(kind === 'llm' ? [t(`training.about.preset.${form.preset}`)] : []),
        t('train.about.field.preset'),
      ].join(' '),
      value: form.preset,
      change: () => choosePreset(context),
    },
    ...(kind === 'llm' ? [...wayFields(context), ...llmFields(context)] : []),
    ...gpuFields(context),
    ...nodeFields(context),
    ...settingFields(context, preset, kind === 'embedder' ? embedderFields(context, preset) : []),
  ];
}

const KINDS: readonly TrainingKind[] = ['llm', 'embedder'];

function chooseKind(context: ScreenContext): void {
  const { training, ui } = context;
  ui.getState().choose({
    title: t('train.field.kind'),
    choices: KINDS.map((id) => ({ id, title: t(`train.kind.${id}`), note: t(`train.kind.${id}.note`) })),
    selected: training.getState().form.kind,
    pick: (id) => {
      const kind = KINDS.find((one) => one === id);
      if (!kind) return;
      training.getState().configure({ kind, name: '' });
      fillForm(context);
    },
  });
}

/** What a training of a kind may start from. */
export function basesOf({ models, training }: ScreenContext, kind: TrainingKind): readonly ModelStatus[] {
  const known = new Set(training.getState().llmBases());
  return (models.getState().list ?? []).filter(({ entry }) =>
    kind === 'embedder' ? entry.kind === 'embedder-base' : entry.kind === 'chat' && known.has(entry.id),
  );
}

function chooseBase(context: ScreenContext): void {
  const { training, ui } = context;
  const { kind, base } = training.getState().form;
  ui.getState().choose({
    title: t('train.field.base'),
    choices: basesOf(context, kind).map(({ entry, state }) => ({
      id: entry.id,
      title: entry.title,
      note: state === 'present' ? entry.id : t('train.notHere'),
    })),
    selected: base ?? '',
    pick: (id) => training.getState().configure({ base: id }),
  });
}

/** Datasets that this kind of model can be trained on. */
const usable = ({ datasets, training }: ScreenContext, kind: TrainingKind): readonly DatasetManifest[] =>
  (datasets.getState().list ?? []).filter((one) => {
    if (kind === 'llm' && training.getState().form.stage === 'dpo') return one.kind === 'preference';
    return one.kind === 'qa' || one.kind === (kind === 'llm' ? 'sft' : 'retrieval');
  });

function chooseDataset(context: ScreenContext): void {
  const { training, ui } = context;
  const { kind, dataset } = training.getState().form;
  const found = usable(context, kind);
  if (found.length === 0) {
    ui.getState().toast(t('train.why.noDataset'), 'warn');
    return;
  }
  ui.getState().choose({
    title: t('train.field.dataset'),
    choices: found.map(({ name, rows }) => ({ id: name, title: name, note: t('datasets.rowCount', { count: rows }) })),
    selected: dataset ?? '',
    pick: (picked) => {
      const { form } = training.getState();
      // A name that was proposed follows the dataset; one that was typed stays.
      const before = manifestOf(context, form.dataset);
      const proposed = before !== undefined && form.name.startsWith(`${stemOf(before, form.kind)}-`);
      training.getState().configure({
        dataset: picked,
        split: trainPart(manifestOf(context, picked)),
        name: proposed ? '' : form.name,
      });
      fillForm(context);
    },
  });
}

/** The part that is meant to be trained on, else all. */
export const trainPart = (manifest: DatasetManifest | undefined): string =>
  (manifest ? partsOf(manifest).find((part) => part.endsWith('/train')) : undefined) ?? 'all';

function chooseDatasetPart(context: ScreenContext): void {
  const { form, configure } = context.training.getState();
  choosePart(context, {
    title: t('train.field.part'),
    manifest: manifestOf(context, form.dataset),
    selected: form.split,
    missing: t('train.why.incomplete'),
    pick: (split) => configure({ split }),
  });
}

function partNote(context: ScreenContext, { dataset, split }: TrainingForm): string {
  const manifest = manifestOf(context, dataset);
  if (!manifest) return '';
  const rows = t('datasets.rowCount', { count: formatCount(rowsOf(manifest, split)) });
  return split === 'all' && manifest.splits.length > 0 ? `${rows} · ${t('train.withTest')}` : rows;
}

function askName({ training, ui }: ScreenContext): void {
  ui.getState().prompt({
    title: t('train.field.name'),
    text: t('train.nameHelp'),
    initial: training.getState().form.name,
    submit: (text) => {
      const name = text.trim();
      if (/^[a-z0-9][a-z0-9._-]*$/.test(name)) training.getState().configure({ name });
      else ui.getState().toast(t('train.badName', { name }), 'warn');
    },
  });
}

function choosePreset(context: ScreenContext): void {
  const { training, ui } = context;
  const { form } = training.getState();
  const gpu = hasGpu(context, form.kind);
  const offered: readonly Preset[] = form.kind === 'llm' ? PRESETS : ['cpu', 'tutorial'];
  const noteOf = (id: Preset): string =>
    form.kind === 'embedder' && (id === 'cpu' || id === 'tutorial')
      ? t(`train.preset.${id}`)
      : t(`training.about.preset.${id}`);
  ui.getState().choose({
    title: t('train.field.preset'),
    choices: offered.map((id) => ({
      id,
      title: id,
      note: noteOf(id),
      ...(gpu || id === 'cpu' ? {} : { disabled: t('train.why.noGpu') }),
    })),
    selected: form.preset,
    pick: (id) => {
      const preset = offered.find((one) => one === id);
      if (preset) training.getState().configure({ preset });
    },
  });
}

const METHOD_NAMES: Readonly<Record<Method, string>> = { lora: 'LoRA', qlora: 'QLoRA', full: 'full', freeze: 'freeze' };

/** What of an LLM learns, and from what. */
function wayFields(context: ScreenContext): FormField[] {
  const { method, stage, preset } = context.training.getState().form;
  const now = method ?? methodOf({ preset });
  return [
    {
      id: 'method',
      title: t('train.field.method'),
      about: t(`training.about.method.${now}`),
      value: METHOD_NAMES[now],
      ...(method === null
        ? {}
        : { tone: 'changed' as const, reset: () => context.training.getState().configure({ method: null }) }),
      change: () => chooseMethod(context, now),
    },
    {
      id: 'stage',
      title: t('train.field.stage'),
      about: t(`training.about.stage.${stage}`),
      value: stage.toUpperCase(),
      change: () => chooseStage(context, stage),
    },
  ];
}

/** Settings of another method are no settings of this one: they go. */
function chooseMethod(context: ScreenContext, selected: Method): void {
  const { training, ui } = context;
  ui.getState().choose({
    title: t('train.field.method'),
    choices: METHODS.map((id) => ({
      id,
      title: METHOD_NAMES[id],
      note: t(`training.about.method.${id}`),
      ...(id === 'qlora' && !hasGpu(context, 'llm') ? { disabled: t('train.why.noGpu') } : {}),
    })),
    selected,
    pick: (id) => {
      const picked = METHODS.find((one) => one === id);
      const { form, configure } = training.getState();
      if (!picked) return;
      const method = picked === methodOf({ preset: form.preset }) ? null : picked;
      const counts = new Set<string>(
        fieldsOf({ preset: form.preset, method: picked, stage: form.stage }).map(({ key }) => key),
      );
      const explained = new Set<string>(TRAINING_FIELDS.map(({ key }) => key));
      const settings = Object.fromEntries(
        Object.entries(form.settings).filter(([key]) => counts.has(key) || !explained.has(key)),
      );
      configure({ method, settings });
    },
  });
}

function chooseStage(context: ScreenContext, selected: Stage): void {
  const { training, ui } = context;
  ui.getState().choose({
    title: t('train.field.stage'),
    choices: STAGES.map((id) => ({ id, title: id.toUpperCase(), note: t(`training.about.stage.${id}`) })),
    selected,
    pick: (id) => {
      const stage = STAGES.find((one) => one === id);
      const { form, configure } = training.getState();
      if (!stage || stage === form.stage) return;
      // They learn from rows of other kinds.
      configure({ stage, dataset: null, name: '' });
      fillForm(context);
    },
  });
}

/** Fills in what is still open with what is most likely meant. */
export function fillForm(context: ScreenContext): void {
  const { training, datasets } = context;
  const { form } = training.getState();
  const candidates = usable(context, form.kind);
  const manifest =
    manifestOf(context, form.dataset) ??
    candidates.find(({ name }) => name === datasets.getState().selected) ??
    candidates[0];
  const base = form.base ?? basesOf(context, form.kind)[0]?.entry.id ?? null;
  training.getState().configure(
    {
      dataset: manifest?.name ?? null,
      split: form.dataset === manifest?.name ? form.split : trainPart(manifest),
      base,
      name: form.name || (manifest ? freeName(context, stemOf(manifest, form.kind)) : ''),
    },
    { remember: false },
  );
  if (form.base === null && manifest) takeLast(context, manifest);
}

/** Takes over base, preset and settings of the last training of this kind on data of this kind, and says so. */
function takeLast({ training, jobs, datasets, ui }: ScreenContext, manifest: DatasetManifest): void {
  const { form, llmBases, configure } = training.getState();
  const kindOf = (name: string) => datasets.getState().list?.find((one) => one.name === name.split('@', 1)[0])?.kind;
  const last = jobs.getState().list?.flatMap(({ spec: { work } }) => {
    if (work.kind !== 'train-llm' && work.kind !== 'train-embedder') return [];
    const typed = formOf(work);
    return typed.kind === form.kind && kindOf(work.dataset) === manifest.kind ? [{ name: work.name, typed }] : [];
  })[0];
  if (!last) return;
  // Which rows it learns from, and which it is measured on, are chosen anew.
  const { dataset, split, limit, seed, ...typed } = last.typed;
  const { evalSplit, ...embedder } = typed.embedder;
  const base = form.kind === 'embedder' || llmBases().includes(typed.base ?? '') ? typed.base : form.base;
  const wanted: TrainingForm = { ...form, ...typed, embedder, base };
  if (isDeepStrictEqual(wanted, form)) return;
  configure(wanted);
  ui.getState().toast(t('train.lastUsed', { name: last.name }));
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '') || 'tune';

/** What the proposed names of a dataset's tunes begin with. */
const stemOf = (manifest: DatasetManifest, kind: TrainingKind): string => `${slug(manifest.slug)}-${kind}`;

const takenNames = ({ jobs }: ScreenContext): ReadonlySet<string> =>
  new Set(
    (jobs.getState().list ?? []).flatMap(({ spec: { work } }) =>
      work.kind === 'train-llm' || work.kind === 'train-embedder' ? [work.name] : [],
    ),
  );

/** `NAME-1`, or the first number that no training of before had. */
function freeName(context: ScreenContext, stem: string): string {
  const taken = takenNames(context);
  let number = 1;
  while (taken.has(`${stem}-${number}`)) number++;
  return `${stem}-${number}`;
}

/** Fills the form with all that a training was told, under the next free name. */
export function fillLike(context: ScreenContext, work: JobWork): void {
  if (work.kind !== 'train-llm' && work.kind !== 'train-embedder') return;
  const taken = takenNames(context);
  const { kind, ...typed } = formOf(work);
  const { configure } = context.training.getState();
  configure({ kind, ...typed, name: nextName(work.name, (name) => taken.has(name)) });
}

/** The command that does the same without the screen. */
export function headlessCommand(form: TrainingForm): string {
  const { kind, dataset, split, base, name, launcher, preset, settings, limit, seed, gpus, nodes } = form;
  const words = [
    ...['--dataset', dataset ?? 'NAME', '--split', split, '--base', base ?? 'ID', '--name', name || 'NAME'],
    ...(launcher === null ? [] : ['--launcher', launcher]),
    ...['--preset', preset],
    ...(kind === 'llm' ? llmWords(form) : embedderWords(form.embedder)),
    ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
    ...(limit === null ? [] : ['--limit', String(limit)]),
    ...(gpus === null ? [] : ['--gpus', String(gpus)]),
    ...(nodes === null || !isSlurm(launcher ?? undefined) ? [] : ['--nodes', String(nodes)]),
    ...['--seed', String(seed)],
  ];
  return `ragtui train ${kind} ${words.map(shellWord).join(' ')}`;
}

const llmWords = ({ method, stage, template, system, allowUnservable }: TrainingForm): string[] => [
  ...(method === null ? [] : ['--method', method]),
  ...(stage === 'sft' ? [] : ['--stage', stage]),
  ...(template === null ? [] : ['--template', template]),
  ...(system === null ? [] : ['--system', system]),
  ...(allowUnservable ? ['--allow-unservable'] : []),
];

/** Options of an embedder's training as its command takes them. Pure. */
const embedderWords = (options: EmbedderOptions): string[] =>
  EMBEDDER_FIELDS.flatMap(({ key, option }) => {
    const value = options[key];
    if (value === undefined) return [];
    if (key === 'distill' || key === 'int8') return [option];
    return [option, typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)];
  });

/** `true`, or why it cannot start yet. */
export function canStart(context: ScreenContext): true | string {
  const { training } = context;
  const { form, plan, problem, reading, engines } = training.getState();
  if (!trainingOf(form)) return t('train.why.incomplete');
  if (problem) return `${problem.message} ${problem.hint}`.trim();
  const engine = engineOn(context, form.kind, form.launcher);
  if (!engine) {
    if (form.launcher !== null) return whyNoEngine(context, form.launcher);
    const ours = engines?.find(({ definition }) => definition.name === ENGINE_OF[form.kind]);
    return t('train.why.noEngine', { engine: ours?.definition.title ?? '' });
  }
  const noNodes = whyNoNodes(context);
  if (noNodes !== undefined) return noNodes;
  if (form.preset !== 'cpu' && engine.device === 'cpu') return t('train.why.noGpu');
  const base = basesOf(context, form.kind).find(({ entry }) => entry.id === form.base);
  if (base && base.state !== 'present') return t('train.why.noBase', { id: base.entry.id });
  if (reading) return t('train.reading');
  return plan ? true : t('train.why.incomplete');
}
