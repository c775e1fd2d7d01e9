import { bindActions } from '../../keys/bind.ts';
import type { Endpoint, ModelStatus } from '../../models/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import type { ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { modelsActions } from './actions.ts';
import { endpointActions, serverActions } from './endpoint-actions.ts';
import { createEndpointModal } from './endpoint-modal.tsx';
import { ModelsScreenView } from './view.tsx';

const WIDE = 110;

export interface ModelsModel {
  readonly context: ScreenContext;
  readonly list: ListModel<ModelStatus>;
  readonly endpoints: ListModel<Endpoint>;
}

const NO_MODELS: readonly ModelStatus[] = [];

/** The catalogue with what is here, pulls under way, and the user's endpoints. */
export function createModelsScreen(context: ScreenContext): ScreenDefinition {
  const { models } = context;
  const list = createListModel<ModelStatus>({
    items: () => models.getState().list ?? NO_MODELS,
    key: ({ entry }) => entry.id,
    text: ({ entry }) => `${entry.title} ${entry.id} ${entry.kind} ${entry.licence}`,
    onSelect: (status) => {
      if (status) models.getState().select(status.entry.id);
    },
  });
  const endpoints = createListModel<Endpoint>({
    items: () => models.getState().endpoints,
    key: ({ name }) => name,
  });
  models.subscribe((state, before) => {
    if (state.selected && state.selected !== before.selected && list.selected()?.entry.id !== state.selected) {
      list.select(state.selected);
    }
  });
  const model: ModelsModel = { context, list, endpoints };
  return {
    id: 'models',
    key: '4',
    title: () => t('models.title'),
    panes: [
      {
        id: 'list',
        title: () => t('models.list'),
        target: () => list,
        copy: () => list.selected()?.entry.id ?? null,
        actions: bindActions(modelsActions, () => model),
      },
      { id: 'details', title: () => t('models.details'), focusable: () => false },
      {
        id: 'endpoints',
        title: () => t('models.endpoints'),
        target: () => endpoints,
        copy: () => endpoints.selected()?.url ?? null,
        actions: bindActions(endpointActions, () => model),
      },
    ],
    layout,
    view: (props) => <ModelsScreenView model={model} {...props} />,
    actions: bindActions(serverActions, () => model),
    modals: [createEndpointModal(context)],
    onEnter: () => void refresh(context),
  };
}

async function refresh({ models, endpoints }: ScreenContext): Promise<void> {
  await models.getState().refresh();
  await endpoints.getState().refresh();
}

function layout(rect: Rect): Record<string, Rect> {
  if (rect.width >= WIDE) {
    const [list, right] = splitColumns(rect, ['3fr', '2fr']);
    const [details, endpoints] = right ? splitRows(right, ['1fr', 10]) : [];
    return list && details && endpoints ? { list, details, endpoints } : {};
  }
  const [list, details, endpoints] = splitRows(rect, ['1fr', 9, 5]);
  return list && details && endpoints ? { list, details, endpoints } : {};
}
