import {
  COLUMN_FIELDS,
  type ColumnField,
  type ColumnSettings,
  type ColumnSlot,
  settingOf,
} from '../../../stores/compare-columns.ts';
import type { Choice } from '../../../stores/ui.ts';
import type { SearchMode } from '../../kb/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import { typedNumber } from '../form.ts';

const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];
const CONTEXTS = ['retrieved', 'gold', 'none'] as const;
/** Fields with a number: what is offered; any other can be typed. */
const NUMBERS = {
  topK: [1, 2, 3, 5, 8, 10, 20],
  temperature: [0, 0.2, 0.5, 0.7, 1, 1.3],
  seed: [1314, 1, 2, 3, 42],
  maxTokens: [32, 64, 128, 256, 512, 1024, 2048],
} as const satisfies Partial<Record<ColumnField, readonly number[]>>;
type NumberField = keyof typeof NUMBERS;
const isNumberField = (field: ColumnField): field is NumberField => Object.hasOwn(NUMBERS, field);
/** Stands for "what the knowledge base says"; no model or group is called so. */
const USUAL = '';
/** Stands for "a number of one's own". */
const OTHER = 'other';

/** What a column has set, in the words of its header. */
export function fieldText(settings: ColumnSettings, field: ColumnField): string {
  switch (field) {
    case 'llm':
      return settings.llm === 'none' ? t('compare.noLlm') : settings.llm;
    case 'embedder':
    case 'group':
      return settings[field] ?? t('compare.usual');
    case 'reranker':
      return settings.reranker ?? t('compare.off');
    case 'instruction':
      return settings.instruction ? t('compare.on') : t('compare.off');
    case 'mode':
      return t(`kb.mode.${settings.mode}`);
    case 'context':
      return t(`compare.context.${settings.context}`);
    default:
      return String(settingOf(settings, field) ?? '');
  }
}

/** Opens a chooser of the column's settings, then one of the values of the setting chosen. */
export function chooseSetting(context: ScreenContext, slot: ColumnSlot): void {
  context.ui.getState().choose({
    title: t('compare.settings'),
    choices: COLUMN_FIELDS.map((id) => ({ id, title: t(`compare.field.${id}`), note: fieldText(slot.settings, id) })),
    pick: (id) => {
      const field = COLUMN_FIELDS.find((each) => each === id);
      if (field) chooseValue(context, slot, field);
    },
  });
}

function chooseValue(context: ScreenContext, slot: ColumnSlot, field: ColumnField): void {
  const change = (by: Partial<ColumnSettings>): void => context.compare.getState().configure(slot.id, by);
  context.ui.getState().choose({
    title: t(`compare.field.${field}`),
    choices: valuesOf(context, slot.settings, field),
    selected: String(settingOf(slot.settings, field) ?? USUAL),
    pick: (id) => {
      if (id === OTHER && isNumberField(field)) askNumber(context, slot, field);
      else if (field === 'context' && id === 'gold' && !context.compare.getState().passage) askPassage(context, slot);
      else change(changeOf(slot.settings, field, id));
    },
  });
}

function askNumber(context: ScreenContext, slot: ColumnSlot, field: NumberField): void {
  context.ui.getState().prompt({
    title: t(`compare.field.${field}`),
    initial: String(settingOf(slot.settings, field)),
    submit: (text) => {
      const value = typedNumber(text);
      if (value === undefined) throw new RagtuiError('usage', `"${text}" is not a number.`);
      context.compare.getState().configure(slot.id, changeOf(slot.settings, field, String(value)));
    },
  });
}

/** The gold passage is one text for all columns that read it. */
function askPassage(context: ScreenContext, slot: ColumnSlot): void {
  context.ui.getState().prompt({
    title: t('compare.passageTitle'),
    text: t('compare.passageText'),
    submit: (text) => {
      if (!text.trim()) return;
      context.compare.getState().setPassage(text.trim());
      context.compare.getState().configure(slot.id, { context: 'gold' });
    },
  });
}

export function chooseKb({ ui, kb, compare }: ScreenContext): void {
  ui.getState().choose({
    title: t('compare.kb'),
    choices: (kb.getState().list ?? []).map(({ name, documents }) => ({
      id: name,
      title: name,
      note: t('kb.documentCount', { count: documents }),
    })),
    selected: compare.getState().kb ?? '',
    pick: (name) => compare.getState().setKb(name),
  });
}

const plain = (ids: readonly string[]): Choice[] => ids.map((id) => ({ id, title: id }));

function valuesOf(context: ScreenContext, settings: ColumnSettings, field: ColumnField): readonly Choice[] {
  const usual: Choice = { id: USUAL, title: t('compare.usual') };
  const { kb, prompts } = context.compare.getState();
  const base = context.kb.getState().list?.find(({ name }) => name === kb);
  if (isNumberField(field)) {
    const note = field === 'temperature' ? { 0: t('compare.temperatureZero') } : {};
    return [
      ...NUMBERS[field].map(
        (value): Choice => ({ id: String(value), title: String(value), note: noteOf(note, value) }),
      ),
      { id: OTHER, title: t('compare.otherNumber') },
    ];
  }
  switch (field) {
    case 'llm':
      return llmChoices(context, settings);
    case 'embedder':
      return [usual, ...plain(base?.embedders ?? [])];
    case 'group':
      return [usual, ...plain((base?.groups ?? []).map(({ name }) => name))];
    case 'mode':
      return MODES.map((id) => ({ id, title: t(`kb.mode.${id}`), note: t(`kb.mode.${id}.note`) }));
    case 'instruction':
      return [
        { id: 'true', title: t('compare.on'), note: t('compare.instructionOn') },
        { id: 'false', title: t('compare.off'), note: t('compare.instructionOff') },
      ];
    case 'context': {
      const without = settings.llm === 'none' ? { disabled: t('compare.why.nothingLeft') } : {};
      return CONTEXTS.map((id) => ({ id, title: t(`compare.context.${id}`), ...(id === 'retrieved' ? {} : without) }));
    }
    case 'prompt':
      return plain(prompts);
    case 'reranker': {
      const here = (context.models.getState().list ?? []).filter(
        ({ entry, state }) => entry.kind === 'reranker' && state === 'present',
      );
      return [{ id: USUAL, title: t('compare.off') }, ...plain(here.map(({ entry }) => entry.id))];
    }
  }
}

const noteOf = (notes: Readonly<Record<number, string>>, value: number): string => notes[value] ?? '';

/** Models, their adapters, endpoints, and what is deployed. */
function llmChoices({ compare }: ScreenContext, settings: ColumnSettings): readonly Choice[] {
  const { models, served } = compare.getState();
  const none = settings.context === 'retrieved' ? {} : { disabled: t('compare.why.nothingLeft') };
  return [
    ...models
      .filter(({ kind }) => kind === 'llm')
      .map(({ id, base }): Choice => {
        const note = base === null ? {} : { note: t('compare.adapterOf', { base }) };
        return { id, title: id, ...note };
      }),
    ...served.map((id): Choice => ({ id, title: id, note: t('compare.deployed') })),
    { id: 'none', title: t('compare.noLlm'), ...none },
  ];
}

function changeOf(settings: ColumnSettings, field: ColumnField, id: string): Partial<ColumnSettings> {
  switch (field) {
    case 'llm':
    case 'prompt':
      return { [field]: id };
    case 'embedder':
    case 'group':
    case 'reranker':
      return { [field]: id === USUAL ? undefined : id };
    case 'mode':
      return { mode: MODES.find((mode) => mode === id) ?? settings.mode };
    case 'instruction':
      return { instruction: id === 'true' };
    case 'context':
      return { context: CONTEXTS.find((each) => each === id) ?? settings.context };
    case 'topK':
      return { topK: Number(id) };
    case 'temperature':
    case 'seed':
    case 'maxTokens':
      return { sampling: { ...settings.sampling, [field]: Number(id) } };
  }
}
