import type { DatasetManifest } from '../../datasets/types.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { Making } from './making.ts';
import type { MakingKind } from './making-wish.ts';
import type { DatasetsModel } from './model.ts';
import type { ReviewModel } from './review-model.ts';

export interface MakingScreen {
  readonly model: DatasetsModel;
  readonly making: Making;
  readonly review: ReviewModel;
}

const KINDS: readonly { readonly what: MakingKind; readonly of: readonly DatasetManifest['kind'][] | null }[] = [
  { what: 'negatives', of: ['qa', 'retrieval'] },
  { what: 'sft', of: ['qa', 'sft'] },
  { what: 'augment', of: ['qa', 'sft'] },
  { what: 'synthesize', of: null },
  { what: 'label', of: ['qa'] },
];

const hasNegatives = ({ model }: MakingScreen): true | string => {
  const manifest = model.list.selected();
  if (!manifest) return t('datasets.why.none');
  return manifest.kind === 'retrieval' ? true : t('datasets.review.why.kind');
};

/** What makes other data of the dataset under the cursor. */
export const makingActions: readonly Action<MakingScreen>[] = [
  {
    id: 'datasets.make',
    title: 'Make',
    help: 'Makes data of this dataset: negatives, training rows, damaged copies, questions, answers.',
    keys: ['m'],
    rank: 5,
    command: 'ragtui dataset negatives NAME',
    when: ({ model }) => (model.list.selected() ? true : t('datasets.why.none')),
    run: ({ model, making }) => {
      const manifest = model.list.selected();
      if (!manifest) return;
      model.context.ui.getState().choose({
        title: t('datasets.make.title', { name: manifest.name }),
        choices: KINDS.map(({ what, of }) => ({
          id: what,
          title: t(`datasets.make.${what}`),
          note: t(`datasets.make.${what}.note`),
          ...(of === null || of.includes(manifest.kind)
            ? {}
            : { disabled: t('datasets.make.why.kind', { kinds: of.join(', '), kind: manifest.kind }) }),
        })),
        pick: (id) => {
          const kind = KINDS.find(({ what }) => what === id);
          if (kind) making.begin(kind.what, manifest);
        },
      });
    },
  },
  {
    id: 'datasets.reviewNegatives',
    title: 'Review negatives',
    help: 'Shows a sample of the negatives one by one, to judge them by a key; says how many of all are false.',
    keys: ['r'],
    rank: 12,
    command: 'ragtui dataset negatives NAME --review 50',
    when: hasNegatives,
    run: ({ model, review }) => {
      const manifest = model.list.selected();
      if (manifest) review.begin(manifest.name);
    },
  },
  {
    id: 'datasets.setApart',
    title: 'Set apart',
    help: 'Lists the passages that the audit of the negatives has set apart, each with the reason.',
    keys: ['A'],
    rank: 13,
    command: 'ragtui dataset negatives NAME --quarantine',
    when: hasNegatives,
    run: ({ model, review }) => {
      const manifest = model.list.selected();
      if (manifest) review.openQuarantine(manifest.name);
    },
  },
];
