import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { askBase, askExport, askSplit, choosePart } from './flows.ts';
import type { DatasetsModel } from './model.ts';

const idle = ({ context }: DatasetsModel): true | string =>
  context.datasets.getState().task?.state === 'running' ? t('datasets.why.busy') : true;
const chosen = (model: DatasetsModel): true | string => (model.list.selected() ? true : t('datasets.why.none'));
const chosenAndIdle = (model: DatasetsModel): true | string => {
  const found = chosen(model);
  return found === true ? idle(model) : found;
};
const questions = (model: DatasetsModel): true | string => {
  const found = chosenAndIdle(model);
  if (found !== true) return found;
  return model.list.selected()?.kind === 'qa' ? true : t('datasets.why.noQa');
};

/** Actions of the whole screen; `openPath` asks for the file to import. */
export function datasetsActions(openPath: () => void): readonly Action<DatasetsModel>[] {
  return [
    {
      id: 'datasets.import',
      title: 'Import',
      help: 'Reads a file of questions or conversations into a dataset; bad rows are named and left out.',
      keys: ['i'],
      rank: 1,
      command: 'ragtui dataset import FILE --format FORMAT',
      when: idle,
      run: openPath,
    },
    {
      id: 'datasets.cancel',
      title: 'Cancel',
      help: 'Stops the import, split or export under way; nothing half-written stays.',
      keys: ['x'],
      rank: 2,
      when: ({ context }) => (context.datasets.getState().task?.state === 'running' ? true : t('datasets.why.notBusy')),
      run: ({ context }) => context.datasets.getState().cancel(),
    },
    {
      id: 'datasets.split',
      title: 'Split',
      help: 'Cuts the dataset into train and test, no context in both, and counts what leaks.',
      keys: ['s'],
      rank: 3,
      command: 'ragtui dataset split NAME --by context',
      when: questions,
      run: ({ context, list }) => {
        const manifest = list.selected();
        if (manifest) askSplit(context, manifest);
      },
    },
    {
      id: 'datasets.part',
      title: 'Part',
      help: 'Shows the rows of one part of a split, or all.',
      keys: ['t'],
      rank: 5,
      command: 'ragtui dataset show NAME --row N --split PART',
      when: chosen,
      run: ({ context, list }) => {
        const manifest = list.selected();
        if (manifest) choosePart(context, manifest, (part) => context.datasets.getState().select(manifest.name, part));
      },
    },
    {
      id: 'datasets.prompt',
      title: 'Prompt',
      help: 'Shows the row as the model sees it in training, or its fields again.',
      keys: ['p'],
      rank: 4,
      command: 'ragtui dataset render NAME --row N',
      when: ({ context }) => (context.datasets.getState().open ? true : t('datasets.why.noRow')),
      run: ({ toggleRendered }) => toggleRendered(),
    },
    {
      id: 'datasets.export',
      title: 'Export',
      help: 'Writes a part as files of LLaMA-Factory or FlagEmbedding.',
      keys: ['e'],
      rank: 6,
      command: 'ragtui dataset export NAME --to ENGINE --out DIR',
      when: chosenAndIdle,
      run: ({ context, list }) => {
        const manifest = list.selected();
        if (manifest) askExport(context, manifest);
      },
    },
    {
      id: 'datasets.base',
      title: 'Knowledge base',
      help: 'Makes a knowledge base of the contexts of a part, to measure retrieval on.',
      keys: ['b'],
      rank: 7,
      command: 'ragtui kb create NAME --from-dataset DATASET --split PART',
      when: questions,
      run: ({ context, list }) => {
        const manifest = list.selected();
        if (manifest) askBase(context, manifest);
      },
    },
    {
      id: 'datasets.delete',
      title: 'Delete',
      help: 'Deletes the dataset with all its versions. The file it was made from is not touched.',
      keys: ['d', 'delete'],
      rank: 8,
      command: 'ragtui dataset delete NAME',
      when: chosenAndIdle,
      confirm: ({ list }) => {
        const manifest = list.selected();
        return manifest ? t('datasets.confirmDelete', { name: manifest.name, rows: manifest.rows }) : undefined;
      },
      run: async ({ context, list }) => {
        const name = list.selected()?.name;
        if (!name) return;
        await context.datasets.getState().remove(name);
        context.ui.getState().toast(t('datasets.deleted', { name }));
      },
    },
  ];
}

export const listActions: readonly Action<DatasetsModel>[] = [
  {
    id: 'datasets.rows',
    title: 'Rows',
    help: 'Goes to the rows of this dataset.',
    keys: ['enter'],
    when: chosen,
    run: ({ context }) => context.ui.getState().setFocus('rows', 'datasets'),
  },
];

export const rowsActions: readonly Action<DatasetsModel>[] = [
  {
    id: 'datasets.row',
    title: 'Row',
    help: 'Goes to the row under the cursor.',
    keys: ['enter'],
    when: ({ rows }) => (rows.selected() ? true : t('datasets.why.noRow')),
    run: async ({ context, rows }) => {
      const row = rows.selected();
      if (!row) return;
      await context.datasets.getState().openRow(row.number);
      context.ui.getState().setFocus('row', 'datasets');
    },
  },
];
