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
  readonly min: number;
  readonly max?: number;
  readonly integer?: boolean;
}

/** What the engines take; wider than what is wise. */
const RANGES: Readonly<Record<string, Range>> = {
  learning_rate: { min: 1e-7, max: 1e-2 },
  num_train_epochs: { min: 0.01, max: 100 },
  max_steps: { min: 1, integer: true },
  per_device_train_batch_size: { min: 1, max: 256, integer: true },
  gradient_accumulation_steps: { min: 1, max: 1024, integer: true },
  cutoff_len: { min: 16, integer: true },
  lora_rank: { min: 1, max: 512, integer: true },
  lora_alpha: { min: 1, integer: true },
  lora_dropout: { min: 0, max: 0.9 },
  val_size: { min: 0 },
  save_steps: { min: 1, integer: true },
  eval_steps: { min: 1, integer: true },
  logging_steps: { min: 1, integer: true },
  train_group_size: { min: 2, max: 64, integer: true },
  query_max_len: { min: 8, max: 8192, integer: true },
  passage_max_len: { min: 8, max: 8192, integer: true },
  temperature: { min: 0.001, max: 1 },
};

/** `1 to 512, whole`; '' where anything goes. */
export function settingRange(key: string): string {
  const range = RANGES[key];
  if (!range) return '';
  const ends =
    range.max === undefined
      ? t('train.range.from', { min: range.min })
      : t('train.range', { min: range.min, max: range.max });
  return range.integer ? `${ends}, ${t('train.range.whole')}` : ends;
}

/** Why a value cannot be one of this setting: another kind than the preset's, or out of its range. */
export function settingProblem(key: string, value: Setting, preset: Setting | undefined): string | undefined {
  const range = RANGES[key];
  if (range) {
    const fits =
      typeof value === 'number' &&
      value >= range.min &&
      value <= (range.max ?? Number.POSITIVE_INFINITY) &&
      (!range.integer || Number.isInteger(value));
    return fits ? undefined : t('train.outOfRange', { name: key, range: settingRange(key) });
  }
  if (typeof preset === 'boolean' && typeof value !== 'boolean') return t('train.notBoolean', { name: key });
  return undefined;
}
