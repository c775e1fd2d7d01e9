import type { Stores } from '../../stores/create.ts';
import type { PreviewPort } from '../../stores/dependencies.ts';
import type { SampleKnowledge } from '../../stores/onboarding.ts';
import type { PathPort } from '../../stores/path.ts';
import type { UiStore } from '../../stores/ui.ts';

/** What every screen is made from. */
export interface ScreenContext extends Stores {
  readonly ui: UiStore;
  readonly preview: PreviewPort;
  readonly paths: PathPort;
  /** What comes along to try everything with. */
  readonly sample: SampleKnowledge;
  /** Lends the terminal to the user's editor; what the text was made into. `name` tells the kind of file: `row.json`. */
  readonly edit: (text: string, name: string) => Promise<string>;
  /** Puts a text on the clipboard and says so. */
  readonly copy: (text: string) => void;
  /** Milliseconds, as `Date.now`. */
  readonly now: () => number;
}
