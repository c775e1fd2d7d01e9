import { createContext, useContext, useSyncExternalStore } from 'react';
import { type Theme, themes } from './theme.ts';

/** Where the hardware cursor (and with it an input method's window) belongs; undefined hides it. */
export interface CursorPosition {
  readonly x: number;
  readonly y: number;
}

/** What every component may need from the app, without knowing its stores. */
export interface UiServices {
  readonly theme: Theme;
  /** The focused editor tells where its cursor is. */
  readonly setCursor: (position: CursorPosition | undefined) => void;
  /** Paints of streamed content: the scheduler's publications. */
  readonly paints: { readonly subscribe: (listener: () => void) => () => void; readonly version: () => number };
  /** Spinner frames: ticks while somebody is subscribed, and not otherwise. */
  readonly ticks: { readonly subscribe: (listener: () => void) => () => void; readonly version: () => number };
}

const never = { subscribe: () => () => undefined, version: () => 0 };
const UiContext = createContext<UiServices>({
  theme: themes.none,
  setCursor: () => undefined,
  paints: never,
  ticks: never,
});

export const UiProvider = UiContext.Provider;
export const useUi = (): UiServices => useContext(UiContext);

/** Draws again at each publication of the scheduler: for views over mutable buffers. */
export function usePaints(): number {
  const { paints } = useUi();
  return useSyncExternalStore(paints.subscribe, paints.version, paints.version);
}
