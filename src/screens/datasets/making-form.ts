import { OPERATIONS } from '../../datasets/making/types.ts';
import { formatCount, formatPercent } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { choosePart } from '../dataset-part.ts';
import { type FormField, typedNumber } from '../form.ts';
import type { Making } from './making.ts';
import { hasMargin, type MakingForm, METHODS, missingOf, typedMargin, typedRanks } from './making-wish.ts';

/** The lines of the form, each with the way to change it; the first one starts. */
export function makingFields(making: Making): readonly FormField[] {
  const form = making.form();
  if (!form) return [];
  const { what } = form;
  const go: FormField = {
    id: 'go',
    title: t('datasets.make.go'),
    value: t(`datasets.make.${what}`),
    note: noteOf(making),
    change: () => void making.start(),
  };
  const { part, name, seed } = { part: partField, name: nameField, seed: seedField };
  switch (what) {
    case 'negatives':
      return [go, part(making, form), ...negativeFields(making, form), name(making, form), seed(making, form)];
    case 'sft':
      return [
        go,
        part(making, form),
        promptField(making, form),
        markersField(making, form),
        llmField(making, form),
        name(making, form),
      ];
    case 'augment':
      return [
        ...[go, part(making, form), shareField(making, form), operationsField(making, form)],
        ...[name(making, form), seed(making, form)],
      ];
    case 'synthesize':
      return [
        ...[go, kbField(making, form), llmField(making, form), questionsField(making, form)],
        ...[name(making, form), seed(making, form)],
      ];
    case 'label':
      return [go, part(making, form), llmField(making, form), kbField(making, form), name(making, form)];
  }
}

function noteOf(making: Making): string {
  const ready = making.canStart();
  if (ready === true) return t('datasets.make.ready');
  return making.problem() ? '' : ready;
}

type Field = (making: Making, form: MakingForm) => FormField;

function negativeFields(making: Making, form: MakingForm): readonly FormField[] {
  const { method, count, ranks, audit } = form;
  const { ui } = making.context;
  const searched = hasMargin(form);
  return [
    {
      id: 'method',
      title: t('datasets.make.method'),
      value: t(`datasets.make.method.${method}`),
      note: t(`datasets.make.method.${method}.note`),
      change: () =>
        ui.getState().choose({
          title: t('datasets.make.method'),
          choices: METHODS.map((id) => ({
            id,
            title: t(`datasets.make.method.${id}`),
            note: t(`datasets.make.method.${id}.note`),
            ...(id === 'existing' && form.dataset.kind !== 'retrieval'
              ? { disabled: t('datasets.make.why.noNegatives') }
              : {}),
          })),
          selected: method,
          pick: (id) => making.change({ method: METHODS.find((one) => one === id) ?? method }),
        }),
    },
    ...(method === 'existing'
      ? []
      : [
          countField(making, {
            id: 'count',
            title: t('datasets.make.count'),
            value: count,
            most: 100,
            note: t(method === 'mixed' ? 'datasets.make.count.each' : 'datasets.make.count.note'),
            take: (value) => making.change({ count: value }),
          }),
        ]),
    ...(method === 'embedder' || method === 'mixed' ? [modelField(making, form, 'embedder')] : []),
    ...(searched
      ? [
          textField(making, {
            id: 'ranks',
            title: t('datasets.make.ranks'),
            value: `${ranks[0]}-${ranks[1]}`,
            note: t('datasets.make.ranks.note'),
            take: (text) => {
              const typed = typedRanks(text);
              if (typed) making.change({ ranks: typed });
              return typed !== undefined;
            },
          }),
          textField(making, {
            id: 'margin',
            title: t('datasets.make.margin'),
            value: form.margin,
            note: t('datasets.make.margin.note'),
            take: (text) => {
              const right = text.trim() === '' || typedMargin(text) !== undefined;
              if (right) making.change({ margin: text.trim() });
              return right;
            },
          }),
        ]
      : []),
    ...(method === 'existing' ? [] : [kbField(making, form)]),
    {
      id: 'audit',
      title: t('datasets.make.audit'),
      value: t(audit ? 'datasets.make.on' : 'datasets.make.off'),
      note: t('datasets.make.audit.note'),
      change: () => making.change({ audit: !audit }),
    },
  ];
}

const partField: Field = (making, { dataset, part }) => ({
  id: 'part',
  title: t('train.field.part'),
  value: part === 'all' ? t('datasets.allRows') : part,
  note: dataset.name,
  change: () =>
    choosePart(making.context, {
      title: t('train.field.part'),
      manifest: dataset,
      selected: part,
      missing: t('datasets.why.none'),
      pick: (next) => making.change({ part: next }),
    }),
});

const nameField: Field = (making, { name }) => {
  const proposed = making.prepared()?.making.as ?? '';
  return textField(making, {
    id: 'name',
    title: t('datasets.make.name'),
    value: name ?? proposed,
    note: name === null ? t('datasets.make.name.note') : '',
    take: (text) => {
      making.change({ name: text.trim() === '' ? null : text.trim() });
      return true;
    },
  });
};

const seedField: Field = (making, { seed }) =>
  countField(making, {
    ...{ id: 'seed', title: t('datasets.make.seed'), value: seed, least: 0, most: 2 ** 32 - 1 },
    ...{ note: t('datasets.make.seed.note'), take: (value: number) => making.change({ seed: value }) },
  });

const questionsField: Field = (making, { questions }) =>
  countField(making, {
    ...{ id: 'questions', title: t('datasets.make.questions'), value: questions, most: 1_000_000 },
    ...{ note: t('datasets.make.questions.note'), take: (value: number) => making.change({ questions: value }) },
  });

const PROMPTS = ['sft', 'default', 'tutorial'] as const;

const promptField: Field = (making, { prompt }) => ({
  id: 'prompt',
  title: t('datasets.make.prompt'),
  value: prompt,
  change: () =>
    making.context.ui.getState().choose({
      title: t('datasets.make.prompt'),
      choices: [
        ...PROMPTS.map((id) => ({ id, title: id, note: t(`datasets.make.prompt.${id}`) })),
        { id: 'own', title: t('datasets.make.prompt.own'), note: t('datasets.make.prompt.own.note') },
      ],
      selected: PROMPTS.some((one) => one === prompt) ? prompt : 'own',
      pick: (id) => {
        if (id !== 'own') return making.change({ prompt: id });
        making.context.ui.getState().prompt({
          title: t('datasets.make.prompt'),
          text: t('datasets.make.prompt.own.note'),
          initial: PROMPTS.some((one) => one === prompt) ? '' : prompt,
          submit: (text) => {
            if (text.trim() !== '') making.change({ prompt: text.trim() });
          },
        });
      },
    }),
});

const markersField: Field = (making, { markers }) =>
  textField(making, {
    id: 'markers',
    title: t('datasets.make.markers'),
    value: markers,
    note: t('datasets.make.markers.note'),
    take: (text) => {
      const right = /^([A-Z][A-Z0-9_]*)?$/.test(text.trim());
      if (right) making.change({ markers: text.trim() });
      return right;
    },
  });

const shareField: Field = (making, { share }) =>
  textField(making, {
    id: 'share',
    title: t('datasets.make.share'),
    value: String(share),
    note: t('datasets.make.share.note', { share: formatPercent(share) }),
    take: (text) => {
      const value = typedNumber(text);
      const right = value !== undefined && value > 0 && value <= 1;
      if (right) making.change({ share: value });
      return right;
    },
  });

const operationsField: Field = (making, { operations }) => ({
  id: 'operations',
  title: t('datasets.make.operations'),
  value: operations.length === OPERATIONS.length ? t('datasets.make.allWays') : operations.join(', '),
  note: t('datasets.make.operations.note'),
  change: () =>
    making.context.ui.getState().choose({
      title: t('datasets.make.operations'),
      choices: OPERATIONS.map((id) => ({
        id,
        title: `${operations.includes(id) ? '●' : '○'} ${t(`datasets.make.operation.${id}`)}`,
        ...(operations.length === 1 && operations.includes(id) ? { disabled: t('datasets.make.why.oneWay') } : {}),
      })),
      pick: (id) =>
        making.change({ operations: OPERATIONS.filter((one) => operations.includes(one) !== (one === id)) }),
    }),
});

const llmField: Field = (making, form) => modelField(making, form, 'llm');

function modelField(making: Making, form: MakingForm, kind: 'llm' | 'embedder'): FormField {
  const { ui, evaluation } = making.context;
  const found = evaluation.getState().models.filter((one) => one.kind === kind);
  const value = form[kind];
  return {
    id: kind,
    title: t(`datasets.make.${kind}`),
    value: value ?? t('train.choose'),
    ...(form.what === 'sft' ? { note: t('datasets.make.llm.preview') } : {}),
    ...(missingOf(form) === kind ? { tone: 'missing' as const } : {}),
    change: () => {
      if (found.length === 0) return ui.getState().toast(t(`datasets.make.none.${kind}`), 'warn');
      ui.getState().choose({
        title: t(`datasets.make.${kind}`),
        choices: found.map(({ id, base }) => ({ id, title: id, note: base ?? '' })),
        selected: value ?? '',
        pick: (id) => making.change(kind === 'llm' ? { llm: id } : { embedder: id }),
      });
    },
  };
}

/** Of questions it must be named; elsewhere it is instead of the dataset's own contexts. */
const kbField: Field = (making, form) => {
  const { ui, kb } = making.context;
  const bases = kb.getState().list ?? [];
  const needed = form.what === 'synthesize';
  const none = t(form.what === 'label' ? 'datasets.make.noLookup' : 'datasets.make.ownPassages');
  return {
    id: 'kb',
    title: t('datasets.make.kb'),
    value: form.kb ?? (needed ? t('train.choose') : none),
    ...(missingOf(form) === 'kb' ? { tone: 'missing' as const } : {}),
    change: () => {
      if (bases.length === 0) return ui.getState().toast(t('datasets.make.why.kb'), 'warn');
      ui.getState().choose({
        title: t('datasets.make.kb'),
        choices: [
          ...(needed ? [] : [{ id: '', title: none }]),
          ...bases.map(({ name, chunks, embedders }) => ({
            id: name,
            title: name,
            note: `${formatCount(chunks)} ${t('unit.chunks')} · ${embedders.join(' ')}`,
          })),
        ],
        selected: form.kb ?? '',
        pick: (id) => making.change({ kb: id === '' ? null : id }),
      });
    },
  };
};

interface Typed {
  readonly id: string;
  readonly title: string;
  readonly value: string;
  readonly note: string;
  /** False: it was not understood. */
  readonly take: (text: string) => boolean;
}

function textField({ context: { ui } }: Making, { id, title, value, note, take }: Typed): FormField {
  return {
    id,
    title,
    value: value === '' ? '–' : value,
    note,
    change: () =>
      ui.getState().prompt({
        title,
        text: note,
        initial: value,
        submit: (text) => {
          if (!take(text)) ui.getState().toast(t('datasets.make.notUnderstood', { text }), 'warn');
        },
      }),
  };
}

interface Counted extends Omit<Typed, 'value' | 'take'> {
  readonly value: number;
  readonly least?: number;
  readonly most: number;
  readonly take: (value: number) => void;
}

const countField = (making: Making, { value, least = 1, most, take, ...rest }: Counted): FormField =>
  textField(making, {
    ...rest,
    value: String(value),
    take: (text) => {
      const typed = typedNumber(text);
      const right = typed !== undefined && Number.isInteger(typed) && typed >= least && typed <= most;
      if (right) take(typed);
      return right;
    },
  });
