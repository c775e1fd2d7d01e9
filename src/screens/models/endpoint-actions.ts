import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { addServer, editServer } from './endpoint-form.ts';
import type { ModelsModel } from './screen.tsx';

const some = ({ endpoints }: ModelsModel): true | string => (endpoints.selected() ? true : t('models.why.noEndpoint'));

/** Of the whole screen. */
export const serverActions: readonly Action<ModelsModel>[] = [
  {
    id: 'models.add',
    title: 'Add a server',
    help: 'Adds an OpenAI-compatible server: from a list of well-known ones, or any other.',
    keys: ['a'],
    rank: 5,
    command: 'ragtui models add NAME --preset ID',
    run: ({ context }) => addServer(context),
  },
  {
    id: 'models.check',
    title: 'Check servers',
    help: 'Asks every endpoint for its list of models: whether it answers, how fast, whether it knows its model.',
    keys: ['c'],
    rank: 6,
    command: 'ragtui models check',
    when: ({ context }) => (context.models.getState().endpoints.length > 0 ? true : t('models.why.noEndpoint')),
    // Each says for itself how it went: nothing waits for the slowest.
    run: ({ context }) => {
      const names = context.models.getState().endpoints.map(({ name }) => name);
      void context.endpoints.getState().check(names);
    },
  },
];

/** Of the list of endpoints. */
export const endpointActions: readonly Action<ModelsModel>[] = [
  {
    id: 'models.endpoints.edit',
    title: 'Change',
    help: 'Changes this endpoint: address, key, model, prices, limits; or tries it.',
    keys: ['enter', 'e'],
    rank: 1,
    command: 'ragtui models set NAME',
    when: some,
    run: ({ context, endpoints }) => {
      const endpoint = endpoints.selected();
      if (endpoint) editServer(context, endpoint);
    },
  },
  {
    id: 'models.endpoints.remove',
    title: 'Forget',
    help: 'Forgets this endpoint, and its stored key when no other endpoint uses it.',
    keys: ['d', 'delete'],
    rank: 2,
    command: 'ragtui models remove NAME',
    when: some,
    confirm: ({ endpoints }) => t('models.confirmForget', { name: endpoints.selected()?.name ?? '' }),
    run: async ({ context, endpoints }) => {
      const name = endpoints.selected()?.name;
      if (!name) return;
      await context.endpoints.getState().remove(name);
      context.ui.getState().toast(t('models.removed', { id: name }));
    },
  },
];
