import { partsOf, rowsOf } from '../../../stores/datasets.ts';
import type { DatasetManifest } from '../../datasets/types.ts';
import type { EmbedderConfig } from '../../models/types.ts';
import { EMBEDDER_FIELDS, type EmbedderField } from '../../training/fields.ts';
import { siblingPart } from '../../training/held-out.ts';
import type { EmbedderOptions, Setting } from '../../training/types.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { askNumber, manifestOf } from './form-parts.ts';

type Key = (typeof EMBEDDER_FIELDS)[number]['key'];
type Values = Readonly<Record<string, Setting>>;
/** An option as the form shows it. */
type Shown = Pick<FormField, 'value' | 'note' | 'change'>;

const NO_PART = 'none';
const AUTOMATIC = '';

/** The options of an embedder's training that are no keys of its engine. */
export function embedderFields(context: ScreenContext, preset: Values): FormField[] {
  const { embedder } = context.training.getState().form;
  const shown = shownOptions(context, preset);
  return EMBEDDER_FIELDS.map(({ key }) => ({
    id: key,
    title: t(`train.field.${key}`),
    about: t(`training.about.embedder.${key}`),
    ...shown[key](),
    ...(embedder[key] === undefined
      ? {}
      : { tone: 'changed' as const, reset: () => setOption(context, key, undefined) }),
  }));
}

/** An engine's key that says the same as an option is said once. */
const SAME_AS: Readonly<Partial<Record<Key, string>>> = { negatives: 'train_group_size', temperature: 'temperature' };

function setOption<K extends Key>({ training }: ScreenContext, key: K, value: EmbedderOptions[K] | undefined): void {
  const { form, configure } = training.getState();
  const { [key]: _, ...rest } = form.embedder;
  const { [SAME_AS[key] ?? '']: __, ...settings } = form.settings;
  configure({ settings, embedder: value === undefined ? rest : { ...rest, [key]: value } });
}

function shownOptions(context: ScreenContext, preset: Values): Readonly<Record<Key, () => Shown>> {
  const { form } = context.training.getState();
  const { embedder, settings } = form;
  const group = Number(settings['train_group_size'] ?? preset['train_group_size']);
  const temperature = settings['temperature'] ?? preset['temperature'];
  return {
    negatives: () =>
      numberOption(context, 'negatives', embedder.negatives, Number.isFinite(group) ? group - 1 : undefined),
    temperature: () =>
      numberOption(
        context,
        'temperature',
        embedder.temperature,
        temperature === undefined ? undefined : Number(temperature),
      ),
    instruction: () => instructionOption(context),
    evalSplit: () => heldOutOption(context),
    keep: () => ({
      value: t(`train.keep.${embedder.keep ?? 'last'}`),
      change: () => chooseKeep(context),
    }),
    matryoshka: () => ({
      value: embedder.matryoshka?.join(', ') ?? t('train.matryoshka.whole'),
      change: () => askLengths(context),
    }),
    distill: () => switchOption(context, 'distill'),
    int8: () => ({
      ...switchOption(context, 'int8'),
      ...(embedder.int8 && form.name ? { note: `${form.name}-int8` } : {}),
    }),
  };
}

function numberOption(
  context: ScreenContext,
  key: 'negatives' | 'temperature',
  own: number | undefined,
  preset: number | undefined,
): Shown {
  const title = t(`train.field.${key}`);
  const said = preset === undefined ? {} : { note: t('train.presetValue', { value: String(preset) }) };
  const value = own ?? preset;
  return {
    value: value === undefined ? '–' : String(value),
    ...(own === undefined ? {} : said),
    change: () =>
      askNumber(context, {
        title,
        text: [t(`training.about.embedder.${key}`), rangeText(key)].join(' · '),
        initial: value ?? null,
        problem: (number) => problemOf(key, number),
        take: (number) => setOption(context, key, number === null || number === preset ? undefined : number),
      }),
  };
}

const fieldOf = (key: Key): EmbedderField | undefined => EMBEDDER_FIELDS.find((field) => field.key === key);

function rangeText(key: Key): string {
  const { min = 0, max, integer } = fieldOf(key) ?? {};
  const ends = max === undefined ? t('train.range.from', { min }) : t('train.range', { min, max });
  return integer ? `${ends}, ${t('train.range.whole')}` : ends;
}

function problemOf(key: Key, value: number): string | undefined {
  const { min = 0, max = Number.POSITIVE_INFINITY, integer = false } = fieldOf(key) ?? {};
  const fits = value >= min && value <= max && (!integer || Number.isInteger(value));
  return fits ? undefined : t('train.outOfRange', { name: t(`train.field.${key}`), range: rangeText(key) });
}

function switchOption(context: ScreenContext, key: 'distill' | 'int8'): Shown {
  const on = context.training.getState().form.embedder[key] === true;
  return {
    value: t(on ? 'train.on' : 'train.off'),
    change: () =>
      context.ui.getState().choose({
        title: t(`train.field.${key}`),
        choices: [
          { id: 'off', title: t('train.off') },
          { id: 'on', title: t('train.on'), note: t(`training.about.embedder.${key}`) },
        ],
        selected: on ? 'on' : 'off',
        pick: (id) => setOption(context, key, id === 'on' ? true : undefined),
      }),
  };
}

/** The base that was chosen, as an embedder; undefined where it is none. */
function baseEmbedder({ models, training }: ScreenContext): EmbedderConfig | undefined {
  const { base } = training.getState().form;
  const entry = models.getState().list?.find(({ entry }) => entry.id === base)?.entry;
  return entry?.kind === 'embedder-base' ? entry.embedder : undefined;
}

/** With which words a query begins. */
function instructionOption(context: ScreenContext): Shown {
  const { embedder } = context.training.getState().form;
  const base = baseEmbedder(context);
  const words = base?.queryInstruction ?? '';
  const on = embedder.instruction !== false;
  const note = words === '' ? t('train.instruction.none') : `“${words}”`;
  return {
    value: t(on ? 'train.on' : 'train.off'),
    ...(on && base ? { note } : {}),
    change: () =>
      context.ui.getState().choose({
        title: t('train.field.instruction'),
        choices: [
          { id: 'on', title: t('train.on'), ...(base ? { note } : {}) },
          { id: 'off', title: t('train.off'), note: t('train.instruction.off') },
        ],
        selected: on ? 'on' : 'off',
        pick: (id) => setOption(context, 'instruction', id === 'off' ? false : undefined),
      }),
  };
}

function heldOutOption(context: ScreenContext): Shown {
  const { form } = context.training.getState();
  const { evalSplit } = form.embedder;
  const manifest = manifestOf(context, form.dataset);
  const found = manifest && siblingOf(manifest, form.split);
  const rows = (part: string): string =>
    manifest ? t('datasets.rowCount', { count: formatCount(rowsOf(manifest, part)) }) : '';
  const part = evalSplit === undefined ? found : evalSplit === NO_PART ? undefined : evalSplit;
  return {
    value: evalSplit === NO_PART ? t('train.evalSplit.none') : (part ?? t('train.evalSplit.nothing')),
    ...(part === undefined ? {} : { note: rows(part) }),
    change: () => {
      if (!manifest) return context.ui.getState().toast(t('train.why.incomplete'), 'warn');
      const others = partsOf(manifest).filter((one) => one !== 'all' && one !== form.split);
      context.ui.getState().choose({
        title: t('train.field.evalSplit'),
        choices: [
          {
            id: AUTOMATIC,
            title: t('train.automatic'),
            note: found ? `${found} · ${rows(found)}` : t('train.evalSplit.nothing'),
          },
          { id: NO_PART, title: t('train.evalSplit.none'), note: t('train.evalSplit.noneNote') },
          ...others.map((id) => ({ id, title: id, note: rows(id) })),
        ],
        selected: evalSplit ?? AUTOMATIC,
        pick: (id) => setOption(context, 'evalSplit', id === AUTOMATIC ? undefined : id),
      });
    },
  };
}

/** A split that is not of this dataset has no sibling: the plan says what is wrong with it. */
function siblingOf(manifest: DatasetManifest, split: string): string | undefined {
  return partsOf(manifest).includes(split) ? siblingPart(manifest, split) : undefined;
}

function chooseKeep(context: ScreenContext): void {
  const { form } = context.training.getState();
  const manifest = manifestOf(context, form.dataset);
  const { evalSplit } = form.embedder;
  const measured = evalSplit === undefined ? manifest && siblingOf(manifest, form.split) : evalSplit;
  const nothing = measured === undefined || measured === NO_PART;
  context.ui.getState().choose({
    title: t('train.field.keep'),
    choices: [
      { id: 'last', title: t('train.keep.last') },
      {
        id: 'best',
        title: t('train.keep.best'),
        note: t('train.keep.bestNote'),
        ...(nothing ? { disabled: t('train.evalSplit.nothing') } : {}),
      },
    ],
    selected: form.embedder.keep ?? 'last',
    pick: (id) => setOption(context, 'keep', id === 'best' ? 'best' : undefined),
  });
}

function askLengths(context: ScreenContext): void {
  const { ui, training } = context;
  const now = training.getState().form.embedder.matryoshka;
  const dimension = baseEmbedder(context)?.dimension;
  ui.getState().prompt({
    title: t('train.field.matryoshka'),
    text: [
      t('training.about.embedder.matryoshka'),
      ...(dimension === undefined ? [] : [t('train.matryoshka.dimension', { dimension })]),
      t('train.matryoshka.help'),
    ].join('\n'),
    initial: now?.join(',') ?? '',
    submit: (text) => {
      const words = text.split(/[\s,，]+/).filter(Boolean);
      if (words.length === 0) return setOption(context, 'matryoshka', undefined);
      const lengths = words.map(Number);
      if (lengths.every((length) => Number.isInteger(length) && length > 0)) {
        setOption(
          context,
          'matryoshka',
          [...new Set(lengths)].sort((a, b) => a - b),
        );
      } else ui.getState().toast(t('train.matryoshka.bad', { text }), 'warn');
    },
  });
}
