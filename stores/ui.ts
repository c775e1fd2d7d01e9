import { createStore, type StoreApi } from 'zustand/vanilla';

export type Tone = 'info' | 'good' | 'warn' | 'bad';

export interface Toast {
  readonly id: number;
  readonly tone: Tone;
  readonly text: string;
}

export interface LogLine {
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

export interface Choice {
  readonly id: string;
  readonly title: string;
  /** Muted, after the title. */
  readonly note?: string;
  /** The reason why it cannot be chosen now. */
  readonly disabled?: string;
}

/** What lies over the screen. The last one has the keys; Esc closes it. */
export type Overlay =
  | { readonly kind: 'help' }
  | { readonly kind: 'palette' }
  | { readonly kind: 'log' }
  | { readonly kind: 'filter' }
  | {
      readonly kind: 'confirm';
      readonly title: string;
      readonly text: string;
      readonly run: () => void | Promise<void>;
    }
  | {
      readonly kind: 'prompt';
      readonly title: string;
      readonly text: string;
      readonly initial: string;
      readonly secret: boolean;
      /** The text was accepted; the overlay is closed first. */
      readonly submit: (text: string) => void | Promise<void>;
    }
  | {
      readonly kind: 'choose';
      readonly title: string;
      readonly choices: readonly Choice[];
      readonly selected: string;
      readonly pick: (id: string) => void | Promise<void>;
    }
  /** A modal that a screen defines (`ScreenDefinition.modals`). */
  | { readonly kind: 'modal'; readonly id: string };

export interface UiState {
  readonly screen: string;
  /** The pane with the focus, by screen. A screen that is not here has the focus in its first pane. */
  readonly focus: Readonly<Record<string, string>>;
  readonly overlays: readonly Overlay[];
  readonly toasts: readonly Toast[];
  readonly logs: readonly LogLine[];
  /** An error or warning came into the log since it was last open. */
  readonly unreadErrors: number;
  readonly zoomed: boolean;
  readonly theme: 'dark' | 'light' | 'ansi' | 'none';
  readonly mouse: boolean;
  readonly language: 'en' | 'zh';
  readonly size: { readonly columns: number; readonly rows: number };
}

export interface UiActions {
  readonly showScreen: (id: string) => void;
  /** Of the current screen, or of `screen`. */
  readonly setFocus: (pane: string, screen?: string) => void;
  readonly open: (overlay: Overlay) => void;
  /** Closes the topmost overlay; false = there was none. */
  readonly close: () => boolean;
  readonly confirm: (question: { title: string; text: string; run: () => void | Promise<void> }) => void;
  readonly prompt: (question: {
    title: string;
    text?: string;
    initial?: string;
    secret?: boolean;
    submit: (text: string) => void | Promise<void>;
  }) => void;
  readonly choose: (question: {
    title: string;
    choices: readonly Choice[];
    selected?: string;
    pick: (id: string) => void | Promise<void>;
  }) => void;
  /** Shown for some seconds (warnings and errors longer) and kept in the log. */
  readonly toast: (text: string, tone?: Tone) => void;
  readonly dismissToast: (id: number) => void;
  readonly log: (level: LogLine['level'], text: string) => void;
  readonly toggleZoom: () => void;
  readonly setTheme: (theme: UiState['theme']) => void;
  readonly setMouse: (on: boolean) => void;
  readonly setLanguage: (language: UiState['language']) => void;
  readonly resize: (columns: number, rows: number) => void;
}

export type UiStore = StoreApi<UiState & UiActions>;

export interface UiOptions extends Partial<Pick<UiState, 'screen' | 'theme' | 'mouse' | 'language' | 'size'>> {
  readonly now?: () => number;
  /** Starts a timer and returns how to end it; for tests. */
  readonly after?: (ms: number, run: () => void) => () => void;
}

const TOAST_MS: Readonly<Record<Tone, number>> = { info: 4000, good: 4000, warn: 8000, bad: 12_000 };
const MOST_TOASTS = 3;
const MOST_LOGS = 500;

function afterRealTime(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  timer.unref();
  return () => clearTimeout(timer);
}

/** What is on screen, apart from content: which screen, which pane, what lies over it. */
export function createUiStore(options: UiOptions = {}): UiStore {
  const now = options.now ?? Date.now;
  const after = options.after ?? afterRealTime;
  let nextId = 1;
  return createStore<UiState & UiActions>((set, get) => ({
    screen: options.screen ?? 'home',
    focus: {},
    overlays: [],
    toasts: [],
    logs: [],
    unreadErrors: 0,
    zoomed: false,
    theme: options.theme ?? 'dark',
    mouse: options.mouse ?? true,
    language: options.language ?? 'en',
    size: options.size ?? { columns: 80, rows: 24 },

    showScreen: (screen) => {
      if (screen !== get().screen) set({ screen, zoomed: false, overlays: [] });
    },
    setFocus: (pane, screen = get().screen) => set({ focus: { ...get().focus, [screen]: pane } }),
    open: (overlay) =>
      set({ overlays: [...get().overlays, overlay], ...(overlay.kind === 'log' ? { unreadErrors: 0 } : {}) }),
    close: () => {
      const { overlays } = get();
      if (overlays.length > 0) set({ overlays: overlays.slice(0, -1) });
      return overlays.length > 0;
    },
    confirm: (question) => get().open({ kind: 'confirm', ...question }),
    prompt: ({ text = '', initial = '', secret = false, ...rest }) =>
      get().open({ kind: 'prompt', text, initial, secret, ...rest }),
    choose: ({ selected = '', ...rest }) => get().open({ kind: 'choose', selected, ...rest }),
    toast: (text, tone = 'info') => {
      const id = nextId++;
      set({ toasts: [...get().toasts, { id, tone, text }].slice(-MOST_TOASTS) });
      get().log(tone === 'bad' ? 'error' : tone === 'warn' ? 'warn' : 'info', text);
      after(TOAST_MS[tone], () => get().dismissToast(id));
    },
    dismissToast: (id) => {
      const kept = get().toasts.filter((toast) => toast.id !== id);
      if (kept.length < get().toasts.length) set({ toasts: kept });
    },
    log: (level, text) => {
      const line: LogLine = { id: nextId++, time: now(), level, text };
      const unread = level !== 'info' && get().overlays.at(-1)?.kind !== 'log' ? 1 : 0;
      set({ logs: [...get().logs, line].slice(-MOST_LOGS), unreadErrors: get().unreadErrors + unread });
    },
    toggleZoom: () => set({ zoomed: !get().zoomed }),
    setTheme: (theme) => set({ theme }),
    setMouse: (mouse) => set({ mouse }),
    setLanguage: (language) => set({ language }),
    resize: (columns, rows) => {
      const { size } = get();
      if (size.columns !== columns || size.rows !== rows) set({ size: { columns, rows } });
    },
  }));
}
