import type { Scheduler } from '../../stores/scheduler.ts';
import type { UiStore } from '../../stores/ui.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { StatusItem } from '../ui/bars.ts';
import type { ScreenDefinition } from '../ui/screen.ts';
import type { Line } from '../ui/text.ts';

/** The part of the terminal that the app uses. */
export type AppTerminal = Pick<
  Terminal,
  | 'size'
  | 'onEvent'
  | 'onResize'
  | 'onStrayOutput'
  | 'setCursor'
  | 'redraw'
  | 'setMouse'
  | 'copy'
  | 'suspend'
  | 'suspendFor'
>;

/** A store that footer and status bar may depend on. */
export interface Watched {
  readonly subscribe: (listener: () => void) => () => void;
}

/** What the app is made of; `createApp` takes these. */
export interface AppOptions {
  readonly terminal: AppTerminal;
  readonly ui: UiStore;
  readonly scheduler: Scheduler;
  readonly screens: readonly ScreenDefinition[];
  /** Their changes draw footer and status bar anew. */
  readonly watch: readonly Watched[];
  /** Left to right in the status bar. */
  readonly status: () => readonly StatusItem[];
  /** Rows between screen and status bar for a window of that size: the tour, while it is on. */
  readonly strip?: (columns: number, rows: number) => readonly Line[];
  /** Names of jobs that go on when the window closes. */
  readonly runningJobs: () => readonly string[];
  /** `[keys]` of the settings. */
  readonly keymap?: Readonly<Record<string, readonly string[]>>;
  /** Theme, mouse or language was changed: to be saved. */
  readonly saveSetting?: (key: 'theme' | 'mouse' | 'language', value: string | boolean) => void;
  readonly env?: NodeJS.ProcessEnv;
  /** Leaves the app; the caller closes the terminal. */
  readonly quit: () => void;
}
