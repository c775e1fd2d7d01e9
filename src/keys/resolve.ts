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
 * run lets the key through to an outer one that can; if none can, the innermost reason is given. A closed scope ends
 * the search.
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
    if (scope.closed) break;
  }
  return refused ?? { kind: 'none' };
}

/** The scopes a key can reach: up to and with the first closed one. */
export function openScopes(scopes: readonly Scope[]): readonly Scope[] {
  const closed = scopes.findIndex((scope) => scope.closed);
  return closed < 0 ? scopes : scopes.slice(0, closed + 1);
}
