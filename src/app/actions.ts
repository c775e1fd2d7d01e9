import type { Action } from '../keys/types.ts';
import { t } from '../ui/i18n/index.ts';

/** What the app's own actions can ask and do. */
export interface AppControl {
  readonly canFilter: () => boolean;
  readonly hasOtherPane: () => boolean;
  readonly copyText: () => string | null;
  readonly copyAllText: () => string | null;
  readonly openHelp: () => void;
  readonly openPalette: () => void;
  readonly openFilter: () => void;
  readonly openLog: () => void;
  readonly back: () => void;
  readonly focusNext: (step: 1 | -1) => void;
  readonly zoom: () => void;
  readonly copy: (text: string) => void;
  readonly view: (text: string) => Promise<void>;
  readonly toggleMouse: () => void;
  readonly nextTheme: () => void;
  readonly nextLanguage: () => void;
  readonly quit: () => void;
  readonly interrupt: () => void;
  readonly redraw: () => void;
  readonly suspend: () => void;
}

const needs = (text: string | null): true | string => (text ? true : t('copy.nothing'));

/** Keys that hold on every screen, but not under an overlay. */
export const globalActions: readonly Action<AppControl>[] = [
  {
    id: 'app.filter',
    title: 'Filter',
    help: 'Show only the rows that contain what you type.',
    keys: ['/'],
    rank: 80,
    when: (app) => app.canFilter() || t('why.noFilter'),
    run: (app) => app.openFilter(),
  },
  {
    id: 'app.nextPane',
    title: 'Next pane',
    help: 'Move to the next part of the screen.',
    keys: ['tab'],
    inText: true,
    rank: 85,
    when: (app) => app.hasOtherPane() || t('why.onePane'),
    run: (app) => app.focusNext(1),
  },
  {
    id: 'app.previousPane',
    title: 'Previous pane',
    help: 'Move to the previous part of the screen.',
    keys: ['shift+tab'],
    inText: true,
    when: (app) => app.hasOtherPane() || t('why.onePane'),
    run: (app) => app.focusNext(-1),
  },
  {
    id: 'app.back',
    title: 'Back',
    help: 'One step back: leave a text field, a filter, a zoom.',
    keys: ['esc'],
    inText: true,
    run: (app) => app.back(),
  },
  {
    id: 'app.zoom',
    title: 'Zoom',
    help: 'Give this part the whole screen, or take it back.',
    keys: ['z'],
    run: (app) => app.zoom(),
  },
  {
    id: 'app.copy',
    title: 'Copy',
    help: 'Copy what is selected here to the clipboard.',
    keys: ['y'],
    when: (app) => needs(app.copyText()),
    run: (app) => app.copy(app.copyText() ?? ''),
  },
  {
    id: 'app.copyAll',
    title: 'Copy all',
    help: 'Copy the whole answer or document to the clipboard.',
    keys: ['Y'],
    when: (app) => needs(app.copyAllText()),
    run: (app) => app.copy(app.copyAllText() ?? ''),
  },
  {
    id: 'app.view',
    title: 'Open in pager',
    help: 'Open the whole answer or document in $PAGER, else $EDITOR.',
    keys: ['o'],
    when: (app) => needs(app.copyAllText() ?? app.copyText()),
    run: (app) => app.view(app.copyAllText() ?? app.copyText() ?? ''),
  },
  {
    id: 'app.log',
    title: 'Log',
    help: 'What happened so far: messages, warnings, errors.',
    keys: ['!', 'f12'],
    inText: true,
    run: (app) => app.openLog(),
  },
  {
    id: 'app.mouse',
    title: 'Mouse on/off',
    help: 'Give the mouse to ragtui, or back to the terminal for selecting text.',
    keys: ['f8'],
    inText: true,
    run: (app) => app.toggleMouse(),
  },
  {
    id: 'app.theme',
    title: 'Next theme',
    help: 'Dark, light, 16 colours, no colour.',
    keys: ['f9'],
    inText: true,
    run: (app) => app.nextTheme(),
  },
  {
    id: 'app.language',
    title: 'English/中文',
    help: 'Switch the language of the screens.',
    keys: ['f10'],
    inText: true,
    run: (app) => app.nextLanguage(),
  },
  {
    id: 'app.palette',
    title: 'Actions',
    help: 'Find any action by its name and run it.',
    keys: [':', 'ctrl+p'],
    inText: true,
    rank: 91,
    run: (app) => app.openPalette(),
  },
  {
    id: 'app.help',
    title: 'Help',
    help: 'All keys that work here.',
    keys: ['?', 'f1'],
    inText: true,
    rank: 90,
    run: (app) => app.openHelp(),
  },
  {
    id: 'app.quit',
    title: 'Quit',
    help: 'Leave ragtui; jobs go on.',
    keys: ['q'],
    rank: 95,
    run: (app) => app.quit(),
  },
];

/** Keys that hold under overlays too. */
export const systemActions: readonly Action<AppControl>[] = [
  {
    id: 'app.interrupt',
    title: 'Quit',
    help: 'Pressed twice: leave ragtui; jobs go on.',
    keys: ['ctrl+c'],
    inText: true,
    run: (app) => app.interrupt(),
  },
  {
    id: 'app.redraw',
    title: 'Redraw',
    help: 'Draw the whole screen anew.',
    keys: ['ctrl+l'],
    inText: true,
    run: (app) => app.redraw(),
  },
  {
    id: 'app.suspend',
    title: 'Suspend',
    help: 'Back to the shell; `fg` comes back.',
    keys: ['ctrl+z'],
    inText: true,
    run: (app) => app.suspend(),
  },
];

/** The key that closes any overlay. */
export const overlayActions: readonly Action<AppControl>[] = [
  {
    id: 'overlay.close',
    title: 'Close',
    help: 'Close this.',
    keys: ['esc'],
    inText: true,
    rank: 99,
    run: (app) => app.back(),
  },
];
