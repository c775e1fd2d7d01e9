/**
 * One thing a person can do, in one record. Footer, help, palette, README table, keymap schema and the "no clash"
 * test are computed from these (design §9). `S` is the state the screen hands over.
 *
 * Keys are written `enter`, `esc`, `tab`, `shift+tab`, `up`, `pageup`, `home`, `space`, `backspace`, `ctrl+p`,
 * `alt+enter`, `f1`, or one printable character (`a`, `A`, `?`).
 */
export interface Action<S> {
  /** `ask.cancel`: screen (or `global`) and verb. Stable: keymaps name it. */
  readonly id: string;
  /** A word or two, for the footer. */
  readonly title: string;
  /** One sentence, for help and palette. */
  readonly help: string;
  readonly keys: readonly string[];
  /** `true`, or the reason why not, shown when the key is pressed. */
  readonly when?: (state: S) => true | string;
  /** The consequence to confirm, for what is hard to undo. */
  readonly confirm?: (state: S) => string | undefined;
  /** Place in the footer, 1 first; absent = not in the footer. */
  readonly rank?: number;
  /** Works while a text field has the focus. Single letters never do. */
  readonly inText?: boolean;
  /** The headless twin: `ragtui ask "question" --kb NAME`. */
  readonly command?: string;
  readonly run: (state: S) => void | Promise<void>;
}

/** What `src/terminal/input.ts` makes of the bytes. Names as in `Action.keys`. */
export type TerminalEvent =
  | { readonly type: 'key'; readonly name: string /** What a text field inserts. */; readonly text?: string }
  | { readonly type: 'paste'; readonly text: string }
  | {
      readonly type: 'mouse';
      readonly kind: 'press' | 'release' | 'drag' | 'wheel-up' | 'wheel-down';
      readonly button: 'left' | 'middle' | 'right' | 'none';
      /** From 0, in cells. */
      readonly x: number;
      readonly y: number;
    }
  | { readonly type: 'focus'; readonly focused: boolean }
  | { readonly type: 'reply'; readonly sequence: string };
