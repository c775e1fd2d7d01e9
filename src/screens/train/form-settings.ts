import { nearNames } from '../../platform/near.ts';
import { parseValue } from '../../training/settings.ts';
import type { Setting, TrainingKind } from '../../training/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { settingAbout, settingProblem, settingRange } from './setting-about.ts';

/** The settings that are always shown; all others of the engine can be added. */
const SHOWN: Readonly<Record<TrainingKind, readonly string[]>> = {
  llm: [
    'learning_rate',
    'num_train_epochs',
    'max_steps',
    'per_device_train_batch_size',
    'gradient_accumulation_steps',
    'cutoff_len',
    'lora_rank',
    'lora_alpha',
    'lora_dropout',
    'lora_target',
    'quantization_bit',
    'freeze_trainable_layers',
    'pref_beta',
    'val_size',
    'save_steps',
  ],
  embedder: [
    'learning_rate',
    'num_train_epochs',
    'max_steps',
    'per_device_train_batch_size',
    'query_max_len',
    'passage_max_len',
    'save_steps',
  ],
};
/** The row that adds one; no engine has a key with a sign. */
export const ADD_ROW = '+';
/** So many names are offered for a word that is none. */
const MOST_OFFERED = 12;

type Values = Readonly<Record<string, Setting>>;

/** A line for each setting: those that count, `more` that are no keys, those set besides, and one to add another. */
export function settingFields(context: ScreenContext, preset: Values, more: readonly FormField[]): FormField[] {
  const { kind, settings } = context.training.getState().form;
  // What the preset of a method does not have (no rank without an adapter) is no setting of it.
  const shown = SHOWN[kind].filter(
    (key) => key in preset || key in settings || key === 'max_steps' || key === 'val_size',
  );
  const added = Object.keys(settings).filter((key) => !shown.includes(key));
  return [
    ...shown.map((key) => settingField(context, key, preset)),
    ...more,
    ...added.map((key) => settingField(context, key, preset)),
    {
      id: ADD_ROW,
      title: t('train.addSetting'),
      value: '',
      about: t('train.addSetting.about'),
      change: () => addSetting(context, preset),
    },
  ];
}

function settingField(context: ScreenContext, key: string, preset: Values): FormField {
  const { form } = context.training.getState();
  const own = form.settings[key];
  const value = own ?? preset[key];
  return {
    id: key,
    title: settingAbout(key).title,
    value: value === undefined ? '–' : String(value),
    about: aboutText(key, preset),
    ...(own === undefined
      ? {}
      : {
          tone: 'changed',
          note: t('train.presetValue', { value: String(preset[key] ?? '–') }),
          reset: () => dropSetting(context, key),
        }),
    change: () => askSetting(context, key, preset),
  };
}

/** What a setting does, with the tutorial's advice; the range it may have; what the preset says. */
function aboutText(key: string, preset: Values): string {
  const range = settingRange(key);
  return [
    settingAbout(key).text,
    ...(range === '' ? [] : [range]),
    t('train.presetValue', { value: String(preset[key] ?? '–') }),
    key,
  ]
    .filter(Boolean)
    .join(' · ');
}

function askSetting(context: ScreenContext, key: string, preset: Values): void {
  const { ui, training } = context;
  const value = training.getState().form.settings[key] ?? preset[key];
  ui.getState().prompt({
    title: settingAbout(key).title,
    text: `${aboutText(key, preset)}\n${t('train.settingHelp')}`,
    initial: value === undefined ? '' : String(value),
    submit: (text) => takeSetting(context, key, text.trim(), preset),
  });
}

/** A value as it was typed; an empty one is the preset's again. */
function takeSetting(context: ScreenContext, key: string, text: string, preset: Values): void {
  const { ui, training } = context;
  const value = parseValue(text);
  if (text === '' || value === preset[key]) {
    dropSetting(context, key);
    return;
  }
  const problem = settingProblem(key, value, preset[key]);
  const { settings } = training.getState().form;
  if (problem) ui.getState().toast(problem, 'warn');
  else training.getState().configure({ settings: { ...settings, [key]: value } });
}

/** Back to what the preset says. */
function dropSetting({ training }: ScreenContext, key: string): void {
  const { [key]: before, ...rest } = training.getState().form.settings;
  if (before !== undefined) training.getState().configure({ settings: rest });
}

/** Asks for the name of any key of the engine; names that are near or hold the word are offered. */
export function addSetting(context: ScreenContext, preset: Values): void {
  const { ui, training } = context;
  ui.getState().prompt({
    title: t('train.addSetting'),
    text: t('train.addSetting.help'),
    submit: (text) => {
      const [word = ''] = text.trim().split('=', 1);
      const value = text.includes('=') ? text.slice(text.indexOf('=') + 1).trim() : '';
      const names = training.getState().settingNames(training.getState().form.kind);
      const take = (key: string): void =>
        value === '' ? askSetting(context, key, preset) : takeSetting(context, key, value, preset);
      if (names.includes(word)) return take(word);
      const offered = offeredNames(word, names);
      if (offered.length === 0) return ui.getState().toast(t('train.noSetting', { name: word }), 'warn');
      ui.getState().choose({
        title: t('train.didYouMean', { name: word }),
        choices: offered.map((name) => ({ id: name, title: name, note: settingAbout(name).text })),
        pick: take,
      });
    },
  });
}

/** Names for a word that is none: those it is probably a slip of, then those that hold it. Pure. */
export function offeredNames(word: string, names: readonly string[]): string[] {
  if (word === '') return [];
  const low = word.toLowerCase();
  const holding = names.filter((name) => name.includes(low));
  const begins = (name: string): number => (name.startsWith(low) ? 0 : 1);
  return [...new Set([...nearNames(word, names), ...holding.sort((a, b) => begins(a) - begins(b))])].slice(
    0,
    MOST_OFFERED,
  );
}
