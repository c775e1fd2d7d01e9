import type { ActionTable } from '../keys/registry.ts';
import type { ScreenDefinition } from '../ui/screen.ts';
import { globalActions, overlayActions, systemActions } from './actions.ts';
import { navigationActions } from './navigation.ts';
import { overlayTables } from './overlays/actions.ts';
import { screenActions } from './screen-actions.ts';

/** The tables of the app itself: everywhere, lists, overlays. */
export function sharedTables(screens: readonly ScreenDefinition[]): ActionTable[] {
  const { yes, no, submit, pick, runAction, keepFilter } = overlayTables;
  const noStore = { getState: (): never => unreachable() };
  return [
    {
      place: 'global',
      title: 'Everywhere',
      actions: [...globalActions, ...screenActions(screens, noStore), ...systemActions],
    },
    { place: 'global.list', title: 'Lists, tables and texts', actions: navigationActions },
    { place: 'overlay', title: 'Dialogs', actions: overlayActions },
    { place: 'overlay.confirm', title: 'Yes or no', actions: [yes, no] },
    { place: 'overlay.prompt', title: 'One line of text', actions: [submit] },
    { place: 'overlay.choose', title: 'Choosing', actions: [pick] },
    { place: 'overlay.palette', title: 'All actions', actions: [runAction] },
    { place: 'overlay.filter', title: 'Filter', actions: [keepFilter] },
  ];
}

function unreachable(): never {
  throw new Error('tables are only looked at');
}

/** The tables of the screens: `kb`, `kb.documents` (a pane), `overlay.kb.create` (a modal). */
export function screenTables(screens: readonly ScreenDefinition[]): ActionTable[] {
  return screens.flatMap((screen) => [
    { place: screen.id, title: screen.title(), actions: screen.actions },
    ...screen.panes.flatMap((pane) =>
      pane.actions
        ? [{ place: `${screen.id}.${pane.id}`, title: `${screen.title()}: ${pane.title()}`, actions: pane.actions }]
        : [],
    ),
    ...(screen.modals ?? []).map((modal) => ({
      place: `overlay.${modal.id}`,
      title: `${screen.title()}: ${modal.title()}`,
      actions: modal.actions,
    })),
  ]);
}
