import type { DatasetManifest } from '../../datasets/types.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { Making } from './making.ts';
import type { MakingKind } from './making-wish.ts';
import type { DatasetsModel } from './model.ts';

export interface MakingScreen {
  readonly model: DatasetsModel;
  readonly making: Making;
}

const KINDS: readonly { readonly what: MakingKind; readonly of: readonly DatasetManifest['kind'][] | null }[] = [
  { what: 'negatives', of: ['qa', 'retrieval'] },
  { what: 'sft', of: ['qa', 'sft'] },
  { what: 'augment', of: ['qa', 'sft'] },
  { what: 'synthesize', of: null },
  { what: 'label', of: ['qa'] },
];

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
];
