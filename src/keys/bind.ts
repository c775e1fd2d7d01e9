import type { Action } from './types.ts';

/** An action with its state already in hand: what the resolver, the footer, the help and the palette work on. */
export interface BoundAction {
  readonly id: string;
  readonly title: string;
  readonly help: string;
  readonly keys: readonly string[];
  readonly rank: number | undefined;
  readonly inText: boolean;
  readonly command: string | undefined;
  /** `true`, or the reason why it cannot run now. */
  readonly when: () => true | string;
  /** The consequence to confirm first, if any. */
  readonly confirm: () => string | undefined;
  readonly run: () => void | Promise<void>;
}

/** Actions of one place (an overlay, a pane, a screen, everywhere), looked up in the order of the scopes. */
export interface Scope {
  readonly name: string;
  readonly actions: readonly BoundAction[];
}

/** Ties a table to the function that reads its state when a key arrives. */
export function bindActions<S>(actions: readonly Action<S>[], state: () => S): readonly BoundAction[] {
  return actions.map((action) => ({
    id: action.id,
    title: action.title,
    help: action.help,
    keys: action.keys,
    rank: action.rank,
    inText: action.inText ?? false,
    command: action.command,
    when: () => action.when?.(state()) ?? true,
    confirm: () => action.confirm?.(state()),
    run: () => action.run(state()),
  }));
}
