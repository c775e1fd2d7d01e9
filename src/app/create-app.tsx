import type { ReactElement } from 'react';
import { checkKeymap, type KeymapProblem } from '../keys/registry.ts';
import type { TerminalEvent } from '../keys/types.ts';
import { errorLine } from '../platform/errors.ts';
import { sanitizeLine } from '../platform/sanitize.ts';
import { setLanguage, t } from '../ui/i18n/index.ts';
import { retries } from '../ui/retry.ts';
import type { ScreenDefinition } from '../ui/screen.ts';
import { App } from './App.tsx';
import { createDispatcher } from './dispatcher.ts';
import type { AppOptions } from './parts.ts';
import { rebindScreens } from './place.ts';
import { screenTables, sharedTables } from './tables.ts';

export interface RunningApp {
  /** For `mountApp`. */
  readonly element: ReactElement;
  /** Also fed by the terminal; public for tests. */
  readonly dispatch: (event: TerminalEvent) => void;
  /** Lets go of the terminal, the stores and all timers. */
  readonly dispose: () => void;
}

/** Puts the app together: keys, stores, terminal. Bad lines of the keymap become warnings in the log. */
export function createApp(options: AppOptions): RunningApp {
  const { ui, terminal, scheduler } = options;
  setLanguage(ui.getState().language);
  const tables = [...sharedTables(options.screens), ...screenTables(options.screens)];
  const { keys, problems } = checkKeymap(options.keymap ?? {}, tables);
  const screens = rebindScreens(options.screens, keys);
  const dispatcher = createDispatcher({ ...options, screens }, screens, keys);
  const changes = watchAll(options.watch);
  const { columns, rows } = terminal.size();
  ui.getState().resize(columns, rows);
  for (const problem of problems) ui.getState().toast(problemText(problem), 'warn');
  currentOf(screens, ui.getState().screen)?.onEnter?.();

  const stops = [
    terminal.onEvent(dispatcher.dispatch),
    terminal.onResize((size) => ui.getState().resize(size.columns, size.rows)),
    terminal.onStrayOutput((text) => ui.getState().log('info', sanitizeLine(text))),
    retries.onError((error) => ui.getState().log('error', t('app.broken', { reason: errorLine(error) }))),
    measurePaints(scheduler),
    ui.subscribe((state, before) => {
      if (state.language !== before.language) setLanguage(state.language);
      if (state.mouse !== before.mouse) terminal.setMouse(state.mouse);
      if (state.screen !== before.screen) {
        currentOf(screens, before.screen)?.onLeave?.();
        currentOf(screens, state.screen)?.onEnter?.();
      }
    }),
    changes.dispose,
    scheduler.dispose,
  ];
  return {
    element: <App options={{ ...options, screens }} dispatcher={dispatcher} changes={changes} />,
    dispatch: dispatcher.dispatch,
    dispose: () => {
      for (const stop of stops) stop();
    },
  };
}

const currentOf = (screens: readonly ScreenDefinition[], id: string): ScreenDefinition | undefined =>
  screens.find((screen) => screen.id === id);

/** How long a publication keeps the event loop: React's commit, Ink's layout and the painter follow in microtasks. */
function measurePaints(scheduler: AppOptions['scheduler']): () => void {
  return scheduler.subscribe(() => {
    const start = performance.now();
    setImmediate(() => scheduler.painted(performance.now() - start));
  });
}

/** Many stores as one thing to subscribe to. */
function watchAll(watched: AppOptions['watch']): {
  subscribe: (l: () => void) => () => void;
  version: () => number;
  dispose: () => void;
} {
  const listeners = new Set<() => void>();
  let version = 0;
  const stops = watched.map((store) =>
    store.subscribe(() => {
      version++;
      for (const listener of listeners) listener();
    }),
  );
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    version: () => version,
    dispose: () => {
      for (const stop of stops) stop();
    },
  };
}

function problemText(problem: KeymapProblem): string {
  switch (problem.kind) {
    case 'unknown-action':
      return t('keys.unknownAction', { id: problem.id });
    case 'clash':
      return t('keys.clash', { key: problem.key, first: problem.first, second: problem.second, place: problem.place });
    case 'bad-key':
    case 'typed':
      return t('keys.badKey', { id: problem.id, key: problem.key });
    case 'same-id':
      return t('keys.sameId', { id: problem.id });
  }
}
