import type { UiStore } from '../../../stores/ui.ts';
import type { BoundAction, Scope } from '../../keys/bind.ts';
import type { NavigationTarget } from '../../ui/screen.ts';

/** What the app's own overlays need of it. */
export interface OverlayServices {
  readonly ui: UiStore;
  /** What keys mean below the overlay on top. */
  readonly scopesBelow: () => readonly Scope[];
  /** Those, and the actions of the other screens. */
  readonly allScopes: () => readonly Scope[];
  /** The list that a filter filters. */
  readonly paneTarget: () => NavigationTarget | null;
  /** Asks if need be, then runs. */
  readonly invoke: (action: BoundAction) => void;
  /** Runs work whose failure becomes a toast. */
  readonly perform: (name: string, work: () => void | Promise<void>) => void;
  readonly close: () => void;
}
