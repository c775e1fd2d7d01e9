import type { Overlay, UiState } from '../../stores/ui.ts';
import type { BoundAction, Scope } from '../keys/bind.ts';
import { rebind } from '../keys/registry.ts';
import type { EditorModel } from '../ui/editor-model.ts';
import { t } from '../ui/i18n/index.ts';
import type { ModalDefinition, NavigationTarget, PaneDefinition, ScreenDefinition } from '../ui/screen.ts';
import { boundNavigation } from './navigation.ts';

/** Where the person is: what has the keys, and what they mean there. */
export interface Place {
  readonly screen: ScreenDefinition;
  readonly pane: PaneDefinition | undefined;
  /** The overlay that has the keys. */
  readonly modal: ModalDefinition | undefined;
  readonly editor: EditorModel | null;
  readonly target: NavigationTarget | null;
  /** Innermost first. */
  readonly scopes: readonly Scope[];
}

export interface PlaceParts {
  readonly screens: readonly ScreenDefinition[];
  readonly modalOf: (overlay: Overlay) => ModalDefinition;
  /** Everywhere except under an overlay. */
  readonly globals: readonly BoundAction[];
  /** Under an overlay too. */
  readonly system: readonly BoundAction[];
  readonly closeOverlay: readonly BoundAction[];
  readonly keys: ReadonlyMap<string, readonly string[]>;
}

/** What keys mean in a state of the ui store. `overlays` may be fewer than the state's: what lies below them. */
export function placeOf(
  state: Pick<UiState, 'screen' | 'focus' | 'overlays'>,
  parts: PlaceParts,
  overlays: readonly Overlay[] = state.overlays,
): Place {
  const screen = currentScreen(state, parts.screens);
  const pane = currentPane(screen, state.focus[screen.id]);
  const overlay = overlays.at(-1);
  if (overlay) {
    const modal = parts.modalOf(overlay);
    const editor = modal.editor?.() ?? null;
    const target = modal.target?.() ?? null;
    const scopes = [
      { name: modal.title(), actions: modal.actions },
      ...navigation(target, editor, parts),
      { name: modal.title(), actions: parts.closeOverlay },
      { name: t('help.everywhere'), actions: parts.system },
    ];
    return { screen, pane, modal, editor, target, scopes };
  }
  const editor = pane?.editor?.() ?? null;
  const target = pane?.target?.() ?? null;
  const wayOut = editor !== null || (screen.canGoBack?.() ?? false);
  const scopes = [
    ...(pane?.actions ? [{ name: pane.title(), actions: pane.actions }] : []),
    { name: screen.title(), actions: screen.actions },
    ...navigation(target, editor, parts),
    {
      name: t('help.everywhere'),
      actions: [...(wayOut ? parts.globals.map(asWayOut) : parts.globals), ...parts.system],
    },
  ];
  return { screen, pane, modal: undefined, editor, target, scopes };
}

/** In a text field digits and letters are text, and a view inside a screen has a way back: the footer says so. */
const asWayOut = (action: BoundAction): BoundAction => (action.id === 'app.back' ? { ...action, rank: 79 } : action);

function navigation(target: NavigationTarget | null, editor: EditorModel | null, parts: PlaceParts): Scope[] {
  if (!target) return [];
  const actions = boundNavigation(target, editor?.multiline ?? false);
  return [{ name: t('help.list'), actions: rebind(actions, parts.keys) }];
}

export function currentScreen(state: Pick<UiState, 'screen'>, screens: readonly ScreenDefinition[]): ScreenDefinition {
  const screen = screens.find((each) => each.id === state.screen) ?? screens[0];
  if (!screen) throw new Error('the app has no screens');
  return screen;
}

const canFocus = (pane: PaneDefinition): boolean => pane.focusable?.() ?? true;

/** The pane with the focus: the wanted one if it can have it, else the first that can. */
export function currentPane(screen: ScreenDefinition, wanted: string | undefined): PaneDefinition | undefined {
  const pane = screen.panes.find((each) => each.id === wanted);
  return pane && canFocus(pane) ? pane : screen.panes.find(canFocus);
}

/** The pane that Tab (1) or Shift+Tab (-1) leads to; undefined when there is no other. */
export function neighbourPane(
  screen: ScreenDefinition,
  from: string | undefined,
  step: 1 | -1,
): PaneDefinition | undefined {
  const panes = screen.panes.filter(canFocus);
  const at = panes.findIndex((pane) => pane.id === from);
  const next = panes[(at + step + panes.length) % panes.length];
  return next?.id === from ? undefined : next;
}

/** Screens with the user's keys in their tables. */
export function rebindScreens(
  screens: readonly ScreenDefinition[],
  keys: ReadonlyMap<string, readonly string[]>,
): ScreenDefinition[] {
  return screens.map((screen) => ({
    ...screen,
    actions: rebind(screen.actions, keys),
    panes: screen.panes.map((pane) => (pane.actions ? { ...pane, actions: rebind(pane.actions, keys) } : pane)),
    ...(screen.modals
      ? { modals: screen.modals.map((modal) => ({ ...modal, actions: rebind(modal.actions, keys) })) }
      : {}),
  }));
}
