import type { BoundAction, Scope } from './bind.ts';
import { isTyped } from './names.ts';

export type Resolution =
  | { readonly kind: 'action'; readonly action: BoundAction }
  /** The key means something that cannot be done now; `reason` is told to the user. */
  | { readonly kind: 'disabled'; readonly action: BoundAction; readonly reason: string }
  | { readonly kind: 'none' };

/** True when `key` reaches `action` in this place. While text is typed only `inText` actions are reached, and never by a character. */
export function reaches(action: BoundAction, key: string, inText: boolean): boolean {
  return action.keys.includes(key) && (!inText || (action.inText && !isTyped(key)));
}

/**
 * What a key means here. Scopes come innermost first: overlay, focused pane, screen, everywhere. An action that cannot
 * run lets the key through to an outer one that can; if none can, the innermost reason is given.
 */
export function resolve(key: string, scopes: readonly Scope[], inText: boolean): Resolution {
  let refused: Resolution | undefined;
  for (const scope of scopes) {
    const action = scope.actions.find((each) => reaches(each, key, inText));
    if (action) {
      const reason = action.when();
      if (reason === true) return { kind: 'action', action };
      refused ??= { kind: 'disabled', action, reason };
    }
  }
  return refused ?? { kind: 'none' };
}
