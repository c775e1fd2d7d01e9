import type { Overlay } from '../../stores/ui.ts';
import { type BoundAction, bindActions, type Scope } from '../keys/bind.ts';
import { rebind } from '../keys/registry.ts';
import { resolve } from '../keys/resolve.ts';
import type { TerminalEvent } from '../keys/types.ts';
import { busy } from '../platform/busy.ts';
import { errorLine } from '../platform/errors.ts';
import { actionText, t } from '../ui/i18n/index.ts';
import { retries } from '../ui/retry.ts';
import type { ModalDefinition, ScreenDefinition } from '../ui/screen.ts';
import { globalActions, overlayActions, systemActions } from './actions.ts';
import { createControl } from './control.ts';
import { mouseHit } from './mouse.ts';
import { createOverlays } from './overlays/index.ts';
import type { AppOptions } from './parts.ts';
import { type Place, placeOf } from './place.ts';
import { screenActions } from './screen-actions.ts';
import { viewStateOf } from './view-state.ts';

/** Turns terminal events into actions, texts and clicks. */
export interface Dispatcher {
  readonly dispatch: (event: TerminalEvent) => void;
  /** Where the person is now. */
  readonly place: () => Place;
  /** The modal of an overlay. */
  readonly modalOf: (overlay: Overlay) => ModalDefinition;
}

const WHEEL_ROWS = 3;
const DOUBLE_CLICK_MS = 400;

export function createDispatcher(
  options: AppOptions,
  screens: readonly ScreenDefinition[],
  keys: ReadonlyMap<string, readonly string[]>,
  now: () => number = () => performance.now(),
): Dispatcher {
  const { ui, scheduler } = options;
  const bound = (actions: typeof globalActions): BoundAction[] =>
    rebind(
      bindActions(actions, () => control),
      keys,
    );
  const showScreen = rebind(screenActions(screens, ui), keys);
  const control = createControl(options, place, base, now);
  const modalOf = createOverlays(
    {
      ui,
      scopesBelow: () => placeBelow().scopes,
      allScopes: () => everyScope(placeBelow(), screens, showPlace),
      paneTarget: () => base().target,
      invoke,
      perform,
      close: () => ui.getState().close(),
    },
    screens,
  );
  const parts = {
    screens,
    modalOf,
    keys,
    globals: [...bound(globalActions), ...showScreen],
    system: bound(systemActions),
    closeOverlay: bound(overlayActions),
  };
  let lastClick = { row: -1, time: Number.NEGATIVE_INFINITY };

  function showPlace(screen: string, pane?: string): void {
    ui.getState().showScreen(screen);
    if (pane !== undefined) ui.getState().setFocus(pane, screen);
  }

  function place(): Place {
    return placeOf(ui.getState(), parts);
  }
  function base(): Place {
    return placeOf(ui.getState(), parts, []);
  }
  function placeBelow(): Place {
    return placeOf(ui.getState(), parts, ui.getState().overlays.slice(0, -1));
  }

  function dispatch(event: TerminalEvent): void {
    const end = busy.begin(event.type);
    try {
      if (event.type === 'key') pressKey(event);
      else if (event.type === 'paste') place().editor?.apply(event);
      else if (event.type === 'mouse') mouse(event);
      // What streams have changed comes along in the same frame.
      scheduler.flush();
    } catch (error) {
      ui.getState().toast(errorLine(error), 'bad');
    } finally {
      end();
    }
  }

  function pressKey(event: Extract<TerminalEvent, { type: 'key' }>): void {
    const { scopes, editor } = place();
    const inText = editor !== null;
    if (event.name === 'r' && !inText && retries.any()) {
      // The whole window is drawn again: a panel's children hang on what is drawn around it.
      ui.setState({});
      retries.retry();
      return;
    }
    const found = resolve(event.name, scopes, inText);
    if (found.kind === 'action') invoke(found.action);
    else if (editor?.apply(event)) return;
    else if (found.kind === 'disabled') refuse(found.action, found.reason);
  }

  function refuse(action: BoundAction, reason: string): void {
    ui.getState().toast(t('disabled', { title: actionText(action).title, reason }));
  }

  function invoke(action: BoundAction): void {
    const reason = action.when();
    if (reason !== true) {
      refuse(action, reason);
      return;
    }
    const text = action.confirm();
    const run = (): void => perform(action.id, action.run);
    if (text === undefined) run();
    else ui.getState().confirm({ title: actionText(action).title, text, run });
  }

  /** Counted as busy until it is over; what it throws becomes a toast and a log line, never a crash. */
  function perform(name: string, work: () => void | Promise<void>): void {
    const end = busy.begin(name);
    const fail = (error: unknown): void => ui.getState().toast(errorLine(error), 'bad');
    try {
      const result = work();
      if (result instanceof Promise) result.catch(fail).finally(end);
      else end();
    } catch (error) {
      fail(error);
      end();
    }
  }

  function mouse(event: Extract<TerminalEvent, { type: 'mouse' }>): void {
    if (!ui.getState().mouse) return;
    const here = place();
    const { columns, rows } = ui.getState().size;
    const view = viewStateOf(ui.getState(), here, options.strip?.(columns, rows).length);
    const hit = mouseHit({ view, state: ui.getState(), screens, status: options.status }, event.x, event.y);
    if (!hit) return;
    if (event.kind === 'wheel-up' || event.kind === 'wheel-down') {
      if (hit.kind === 'rows') hit.target?.move(event.kind === 'wheel-up' ? -WHEEL_ROWS : WHEEL_ROWS);
      return;
    }
    if (event.kind !== 'press' || event.button !== 'left') return;
    if (hit.kind === 'screen') ui.getState().showScreen(hit.id);
    else if (hit.kind === 'action') invoke(hit.action);
    else if (hit.kind === 'log') control.openLog();
    else clickRow(hit.pane, hit.target, hit.row);
  }

  function clickRow(pane: string | undefined, target: Place['target'], row: number): void {
    if (pane !== undefined) ui.getState().setFocus(pane);
    if (row < 0 || !target?.click?.(row)) return;
    const again = lastClick.row === row && now() - lastClick.time < DOUBLE_CLICK_MS;
    lastClick = again ? { row: -1, time: Number.NEGATIVE_INFINITY } : { row, time: now() };
    if (again) pressKey({ type: 'key', name: 'enter' });
  }

  return { dispatch, place, modalOf };
}

/** The scopes here, then those of other panes and screens, whose actions show their place first. */
function everyScope(
  here: Place,
  screens: readonly ScreenDefinition[],
  show: (screen: string, pane?: string) => void,
): Scope[] {
  const others = screens.flatMap((screen): Scope[] => {
    const from = (actions: readonly BoundAction[], pane?: string): BoundAction[] =>
      actions.map((action) => ({
        ...action,
        run: () => {
          show(screen.id, pane);
          return action.run();
        },
      }));
    const panes = screen.panes.map(({ id, title, actions = [] }) => ({ name: title(), actions: from(actions, id) }));
    return [{ name: screen.title(), actions: from(screen.actions) }, ...panes];
  });
  // What is here comes first; the palette keeps the first of each id.
  return [...here.scopes, ...others];
}
