import type { UiState } from '../../stores/ui.ts';
import { type FooterItem, footerItems } from '../keys/help.ts';
import { type BarItem, footerBar, type StatusItem, statusBar, tabItems } from '../ui/bars.ts';
import { actionText, t } from '../ui/i18n/index.ts';
import type { ScreenDefinition } from '../ui/screen.ts';
import { toastLines } from '../ui/Toasts.tsx';
import { textWidth } from '../ui/text.ts';
import { type AppLayout, layout } from './layout.ts';
import type { Place } from './place.ts';

/** Where everything is just now: what is drawn, and what a click hits. Pure. */
export interface ViewState {
  readonly place: Place;
  /** null = the terminal is too small. */
  readonly layout: AppLayout | null;
  /** The filter's field lies in the footer. */
  readonly filtering: boolean;
}

/** `stripRows`: how many rows the tour has below the screen. */
export function viewStateOf(state: UiState, place: Place, stripRows = 0): ViewState {
  const { columns, rows } = state.size;
  const filtering = state.overlays.at(-1)?.kind === 'filter';
  const modal = place.modal && !filtering ? place.modal : undefined;
  return {
    place,
    filtering,
    layout: layout({
      columns,
      rows,
      screen: place.screen,
      zoomed: state.zoomed ? place.pane?.id : undefined,
      modal,
      stripRows,
      toastRows: toastLines(state.toasts, columns).length,
    }),
  };
}

export function tabsOf(screens: readonly ScreenDefinition[], current: string, width: number): BarItem<string>[] {
  const tabs = screens.map((screen) => ({ id: screen.id, key: screen.key, title: screen.title() }));
  return tabItems(tabs, current, width);
}

export function footerOf({ place }: Pick<ViewState, 'place'>, width: number): BarItem<FooterItem>[] {
  const inText = place.editor !== null;
  return footerBar(footerItems(place.scopes, { inText, width: width - 2, measure: textWidth, words: actionText }));
}

/** The status items, with unread warnings and errors at the right: a click or F12 opens the log. */
export function statusOf(items: readonly StatusItem[], state: UiState, width: number): BarItem<StatusItem>[] {
  const { unreadErrors: count } = state;
  const right: StatusItem | undefined =
    count > 0 ? { id: 'log', text: t('status.unread', { count }), style: 'warn' } : undefined;
  return statusBar(items, right, width);
}
