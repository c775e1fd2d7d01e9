import type { Stores } from '../../stores/create.ts';
import type { PreviewPort } from '../../stores/dependencies.ts';
import type { PathPort } from '../../stores/path.ts';
import type { UiStore } from '../../stores/ui.ts';

/** What every screen is made from. */
export interface ScreenContext extends Stores {
  readonly ui: UiStore;
  readonly preview: PreviewPort;
  readonly paths: PathPort;
  /** Milliseconds, as `Date.now`. */
  readonly now: () => number;
}
