import type { UiState } from '../../stores/ui.ts';
import type { BoundAction } from '../keys/bind.ts';
import { itemAt, type StatusItem } from '../ui/bars.ts';
import { contains, inside, type Rect } from '../ui/rect.ts';
import type { NavigationTarget, ScreenDefinition } from '../ui/screen.ts';
import { footerOf, statusOf, tabsOf, type ViewState } from './view-state.ts';

/** What lies under the mouse. */
export type Hit =
  | { readonly kind: 'screen'; readonly id: string }
  | { readonly kind: 'action'; readonly action: BoundAction }
  | { readonly kind: 'log' }
  /** A row of a pane's or modal's body; -1 = its border. */
  | {
      readonly kind: 'rows';
      readonly pane: string | undefined;
      readonly target: NavigationTarget | null;
      readonly row: number;
    };

export interface HitInput {
  readonly view: ViewState;
  readonly state: UiState;
  readonly screens: readonly ScreenDefinition[];
  readonly status: () => readonly StatusItem[];
}

/** Finds what lies at a cell, by the same functions that draw it. While a modal is open only it and the footer are hit. */
export function mouseHit({ view, state, screens, status }: HitInput, x: number, y: number): Hit | undefined {
  const { layout, place } = view;
  if (!layout) return undefined;
  if (contains(layout.footer, x, y) && !view.filtering) {
    const item = itemAt(footerOf(view, layout.footer.width), x);
    return item && { kind: 'action', action: item.id.action };
  }
  if (layout.modal) {
    const { rect } = layout.modal;
    return contains(rect, x, y) ? rows(undefined, place.target, rect, y) : undefined;
  }
  if (contains(layout.tabs, x, y)) {
    const item = itemAt(tabsOf(screens, state.screen, layout.tabs.width), x);
    return item && { kind: 'screen', id: item.id };
  }
  if (contains(layout.status, x, y)) {
    const item = itemAt(statusOf(status(), state, layout.status.width), x)?.id;
    if (item?.id === 'log') return { kind: 'log' };
    return item?.screen === undefined ? undefined : { kind: 'screen', id: item.screen };
  }
  for (const pane of place.screen.panes) {
    const rect = layout.panes[pane.id];
    if (rect && contains(rect, x, y)) return rows(pane.id, pane.target?.() ?? null, rect, y);
  }
  return undefined;
}

function rows(pane: string | undefined, target: NavigationTarget | null, rect: Rect, y: number): Hit {
  const body = inside(rect);
  const row = y >= body.y && y < body.y + body.height ? y - body.y : -1;
  return { kind: 'rows', pane, target, row };
}
