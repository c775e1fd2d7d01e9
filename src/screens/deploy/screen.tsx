import { bindActions } from '../../keys/bind.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import type { PaneDefinition, ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { chatActions, deployActions, formActions, serverActions } from './actions.ts';
import { benchAction, benchActions } from './bench-actions.ts';
import { testOf } from './bench-lines.ts';
import { createDeployModel, type DeployModel } from './model.ts';
import { nameOf } from './rows.ts';
import { DeployView } from './view.tsx';

const WIDE = 110;

/** What is served where, how it does, what it costs; below the list the numbers, the machine, the log, a try. */
export function createDeployScreen(context: ScreenContext): ScreenDefinition {
  const model = createDeployModel(context);
  const { deploy, models } = context;
  const forming = (): boolean => deploy.getState().view === 'form';
  return {
    id: 'deploy',
    key: '-',
    title: () => t('deploy.title'),
    panes: panesOf(model, forming),
    layout: (rect) => layout(rect, model, forming()),
    view: (props) => <DeployView model={model} {...props} />,
    actions: [...bindActions(deployActions, () => model), ...bindActions([benchAction], () => model)],
    copyAll: () =>
      (forming() ? model.plan.text() : model.side() === 'chat' ? model.chat.text() : model.log.text()) || null,
    onEnter: () => {
      deploy.getState().open();
      void models.getState().refresh();
      const row = model.rows.selected();
      if (row) model.rows.select(row.key);
    },
    onLeave: () => deploy.getState().leave(),
    back: () => {
      if (!forming()) return false;
      deploy.getState().setView('look');
      return true;
    },
    canGoBack: forming,
  };
}

function panesOf(model: DeployModel, forming: () => boolean): readonly PaneDefinition[] {
  const looking = (): boolean => !forming();
  return [
    {
      id: 'servers',
      title: () => t('deploy.servers'),
      target: () => model.rows,
      copy: () => {
        const row = model.rows.selected();
        return row ? nameOf(row) : null;
      },
      actions: bindActions(serverActions, () => model),
    },
    {
      id: 'form',
      title: () => t('deploy.form'),
      target: () => model.fields,
      focusable: forming,
      copy: () => model.fields.selected()?.value ?? null,
      actions: bindActions(formActions, () => model),
    },
    {
      id: 'plan',
      title: () => t('train.plan'),
      target: () => model.plan,
      focusable: forming,
      copy: () => model.plan.text() || null,
    },
    { id: 'live', title: () => t('deploy.live'), focusable: looking },
    { id: 'machine', title: () => t('deploy.machine'), focusable: looking },
    {
      id: 'log',
      title: () => t('jobs.log'),
      target: () => ({ ...model.log, filter: { get: model.search, set: model.setSearch } }),
      focusable: looking,
      copy: () => model.log.text() || null,
    },
    {
      id: 'chat',
      title: () => t('deploy.chat'),
      target: () => model.chat,
      focusable: looking,
      copy: () => model.chat.text() || null,
      actions: bindActions(chatActions, () => model),
    },
    {
      id: 'bench',
      title: () => t('deploy.bench'),
      focusable: looking,
      copy: () => testOf(model)?.id ?? null,
      actions: bindActions(benchActions, () => model),
    },
  ];
}

function layout(rect: Rect, model: DeployModel, forming: boolean): Record<string, Rect> {
  const wide = rect.width >= WIDE;
  const [top, lower] = splitRows(rect, [Math.min(12, Math.max(7, Math.floor(rect.height / 3))), '1fr']);
  if (!top || !lower) return {};
  if (forming) {
    const [form, plan] = splitColumns(lower, wide ? ['2fr', '3fr'] : ['1fr', '1fr']);
    return form && plan ? { servers: top, form, plan } : {};
  }
  if (!wide) return { servers: top, [model.detail()]: lower };
  const [servers, machine] = splitColumns(top, ['3fr', '2fr']);
  const [live, side] = splitColumns(lower, ['1fr', '1fr']);
  return servers && machine && live && side ? { servers, machine, live, [model.side()]: side } : {};
}
