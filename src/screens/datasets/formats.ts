import type { Choice } from '../../../stores/ui.ts';
import { importFormats } from '../../datasets/importers/registry.ts';
import { t } from '../../ui/i18n/index.ts';

const FORMATS = [
  'ragtui',
  'squad',
  'cmrc',
  'preference',
  'openai',
  'sharegpt',
  'retrieval',
  'financial-qa',
  'alpaca',
] as const;

/** What a file may be: found by its content, or one of these. */
export const EXTRA_FORMATS = (): Choice[] => [
  { id: 'auto', title: t('datasets.format.auto'), note: t('datasets.format.auto.note') },
  ...importFormats().map((format) => {
    const known = FORMATS.find((one) => one === format);
    return { id: format, title: format, ...(known ? { note: t(`datasets.format.${known}`) } : {}) };
  }),
];
