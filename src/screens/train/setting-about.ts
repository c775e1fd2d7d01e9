import { TRAINING_FIELDS } from '../../training/fields.ts';
import type { Setting } from '../../training/types.ts';
import { messageIfAny, t } from '../../ui/i18n/index.ts';

/** A setting's title (its own key where it has none) and what it does; '' where nobody has said. */
export function settingAbout(key: string): { title: string; text: string } {
  return {
    title: messageIfAny(`train.setting.${key}`) ?? key,
    text: messageIfAny(`training.about.${key}`) ?? messageIfAny(`train.about.${key}`) ?? '',
  };
}

interface Range {
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
  readonly choices?: readonly string[];
}

/** What FlagEmbedding takes; wider than what is wise. */
const EMBEDDER_RANGES: Readonly<Record<string, Range>> = {
  train_group_size: { min: 2, max: 64, integer: true },
  query_max_len: { min: 8, max: 8192, integer: true },
  passage_max_len: { min: 8, max: 8192, integer: true },
  temperature: { min: 0.001, max: 1 },
};
const rangeOf = (key: string): Range | undefined =>
  TRAINING_FIELDS.find((field) => field.key === key) ?? EMBEDDER_RANGES[key];

/** `1 to 512, whole`; '' where anything goes. */
export function settingRange(key: string): string {
  const { min, max, integer, choices } = rangeOf(key) ?? {};
  if (choices) return choices.join(', ');
  const ends =
    min === undefined ? '' : max === undefined ? t('train.range.from', { min }) : t('train.range', { min, max });
  return [ends, integer ? t('train.range.whole') : ''].filter(Boolean).join(', ');
}

/** Why a value cannot be one of this setting: another kind than the preset's, or out of its range. */
export function settingProblem(key: string, value: Setting, preset: Setting | undefined): string | undefined {
  const { min, max, integer = false, choices } = rangeOf(key) ?? {};
  const out = t('train.outOfRange', { name: key, range: settingRange(key) });
  if (choices) return choices.includes(String(value)) ? undefined : out;
  if (min !== undefined || max !== undefined || integer) {
    const fits =
      typeof value === 'number' &&
      value >= (min ?? Number.NEGATIVE_INFINITY) &&
      value <= (max ?? Number.POSITIVE_INFINITY) &&
      (!integer || Number.isInteger(value));
    return fits ? undefined : out;
  }
  if (typeof preset === 'boolean' && typeof value !== 'boolean') return t('train.notBoolean', { name: key });
  return undefined;
}
