import type { Action } from '../../keys/types.ts';
import { formatBytes } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ModelsModel } from './screen.tsx';

const selected = ({ list }: ModelsModel) => list.selected();
const isPulling = ({ context, list }: ModelsModel): boolean =>
  context.models.getState().pulls[list.selected()?.entry.id ?? '']?.state === 'running';

export const modelsActions: readonly Action<ModelsModel>[] = [
  {
    id: 'models.pull',
    title: 'Pull',
    help: 'Downloads the model; goes on where an earlier download ended.',
    keys: ['p', 'enter'],
    rank: 1,
    command: 'ragtui models pull ID',
    when: (model) => {
      const status = selected(model);
      if (!status) return t('models.why.none');
      if (isPulling(model)) return t('models.why.pulling');
      return status.state === 'present' ? t('models.why.here') : true;
    },
    // A pull lasts minutes: the action ends at once, the list shows the rest.
    run: ({ context, list }) => {
      const id = list.selected()?.entry.id;
      if (!id) return;
      void context.models
        .getState()
        .pull(id)
        .then((pull) => {
          if (pull.state === 'done') context.ui.getState().toast(t('models.pulled', { id }), 'good');
          if (pull.error && pull.state === 'failed') context.ui.getState().toast(pull.error.message, 'bad');
        });
    },
  },
  {
    id: 'models.cancel',
    title: 'Cancel',
    help: 'Stops the download; what came is kept.',
    keys: ['x'],
    rank: 2,
    when: (model) => (isPulling(model) ? true : t('models.why.notPulling')),
    run: ({ context, list }) => context.models.getState().cancel(list.selected()?.entry.id ?? ''),
  },
  {
    id: 'models.verify',
    title: 'Verify',
    help: 'Compares every file with the hashes of the catalogue.',
    keys: ['v'],
    rank: 3,
    command: 'ragtui models verify',
    when: (model) => {
      const status = selected(model);
      if (!status) return t('models.why.none');
      return status.state === 'present' || status.state === 'damaged' ? true : t('models.why.notHere');
    },
    run: async ({ context, list }) => {
      const id = list.selected()?.entry.id;
      if (!id) return;
      const { state } = await context.models.getState().verify(id);
      if (state === 'present') context.ui.getState().toast(t('models.verified', { id }), 'good');
      else context.ui.getState().toast(t('models.damaged', { id }), 'bad');
    },
  },
  {
    id: 'models.remove',
    title: 'Remove',
    help: 'Deletes the files of this model from the disk.',
    keys: ['d', 'delete'],
    rank: 4,
    command: 'ragtui models remove ID',
    when: (model) => {
      const status = selected(model);
      if (!status) return t('models.why.none');
      if (isPulling(model)) return t('models.why.pulling');
      return status.state === 'absent' ? t('models.why.notHere') : true;
    },
    confirm: ({ list }) => {
      const status = list.selected();
      return t('models.confirmRemove', { size: formatBytes(status?.bytesPresent ?? 0), folder: status?.folder ?? '' });
    },
    run: async ({ context, list }) => {
      const id = list.selected()?.entry.id;
      if (!id) return;
      await context.models.getState().remove(id);
      context.ui.getState().toast(t('models.removed', { id }));
    },
  },
];
