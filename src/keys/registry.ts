import type { BoundAction } from './bind.ts';
import { isKey, isTyped } from './names.ts';

/** What a table says about an action without running it. `Action` and `BoundAction` are such. */
export type ActionRecord = Pick<BoundAction, 'id' | 'title' | 'help' | 'keys'> & {
  readonly inText?: boolean | undefined;
  readonly rank?: number | undefined;
  readonly command?: string | undefined;
};

/** The actions of one place. Tables of different places may use the same keys, if the places never meet. */
export interface ActionTable {
  /** `kb`, `kb.documents`: keys of `a` also hold in `a.b`; those of `global` and `global.list` hold everywhere. */
  readonly place: string;
  readonly title: string;
  readonly actions: readonly ActionRecord[];
}

export type KeyProblem =
  | {
      readonly kind: 'clash';
      readonly key: string;
      readonly first: string;
      readonly second: string;
      readonly place: string;
    }
  | { readonly kind: 'same-id'; readonly id: string }
  | { readonly kind: 'bad-key'; readonly id: string; readonly key: string }
  /** It is marked to work while text is typed, but all its keys would be typed, or are the text field's own. */
  | { readonly kind: 'typed'; readonly id: string; readonly key: string };

/** Keys that an inner place may give a meaning of its own: one step back, and what Enter opens. */
const MAY_SHADOW: ReadonlySet<string> = new Set(['esc', 'enter']);

/**
 * Everything that is wrong with these tables: a key with two meanings in one place or in a place and the one around
 * it, an id used twice, a key no terminal sends. `editorKeys` are the text fields' own.
 */
export function keyProblems(tables: readonly ActionTable[], editorKeys: readonly string[] = []): KeyProblem[] {
  const problems: KeyProblem[] = [];
  const ids = new Set<string>();
  for (const table of tables) {
    for (const action of table.actions) {
      if (ids.has(action.id)) problems.push({ kind: 'same-id', id: action.id });
      ids.add(action.id);
      problems.push(...badKeys(action, editorKeys));
    }
    problems.push(...clashesIn(table, tables));
  }
  return problems;
}

function badKeys(action: ActionRecord, editorKeys: readonly string[]): KeyProblem[] {
  const problems: KeyProblem[] = action.keys
    .filter((key) => !isKey(key))
    .map((key) => ({ kind: 'bad-key', id: action.id, key }));
  if (!action.inText || action.keys.length === 0) return problems;
  const stolen = action.keys.find((key) => editorKeys.includes(key));
  if (stolen) problems.push({ kind: 'typed', id: action.id, key: stolen });
  if (action.keys.every(isTyped)) problems.push({ kind: 'typed', id: action.id, key: action.keys[0] ?? '' });
  return problems;
}

function clashesIn(table: ActionTable, tables: readonly ActionTable[]): KeyProblem[] {
  const problems: KeyProblem[] = [];
  const taken = new Map<string, string>();
  for (const action of table.actions) {
    for (const key of new Set(action.keys)) {
      const first = taken.get(key);
      if (first) problems.push({ kind: 'clash', key, first, second: action.id, place: table.place });
      else taken.set(key, action.id);
    }
  }
  for (const outer of tables.filter((each) => surrounds(each.place, table.place))) {
    for (const action of outer.actions) {
      for (const key of action.keys) {
        const second = taken.get(key);
        if (!second || MAY_SHADOW.has(key)) continue;
        problems.push({ kind: 'clash', key, first: action.id, second, place: table.place });
      }
    }
  }
  return problems;
}

const surrounds = (outer: string, inner: string): boolean =>
  outer !== inner && ((outer.startsWith('global') && !inner.startsWith('overlay')) || inner.startsWith(`${outer}.`));

export interface Keymap {
  /** Keys by action id, only of actions that the user changed. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  readonly problems: readonly KeymapProblem[];
}
export type KeymapProblem = KeyProblem | { readonly kind: 'unknown-action'; readonly id: string };

/**
 * The user's `[keys]` checked against the tables. An override that names no action, names a key no terminal sends, or
 * takes a key that is in use is left out and told of; the others hold.
 */
export function checkKeymap(
  overrides: Readonly<Record<string, readonly string[]>>,
  tables: readonly ActionTable[],
): Keymap {
  const known = new Set(tables.flatMap((table) => table.actions.map((action) => action.id)));
  const problems: KeymapProblem[] = [];
  const keys = new Map<string, readonly string[]>();
  // What is wrong before is ours, not the user's.
  const before = problemNames(keyProblems(tables));
  for (const [id, wanted] of Object.entries(overrides)) {
    if (!known.has(id)) {
      problems.push({ kind: 'unknown-action', id });
      continue;
    }
    keys.set(id, wanted);
  }
  // Checked together, so that two actions may swap their keys; each round takes back one that still clashes.
  for (;;) {
    const found = keyProblems(withKeys(tables, keys)).find(
      (problem) => !before.has(JSON.stringify(problem)) && culprit(problem, keys) !== undefined,
    );
    const guilty = found && culprit(found, keys);
    if (!found || guilty === undefined) return { keys, problems };
    problems.push(found);
    keys.delete(guilty);
  }
}

const problemNames = (problems: readonly KeyProblem[]): ReadonlySet<string> =>
  new Set(problems.map((problem) => JSON.stringify(problem)));

function culprit(problem: KeyProblem, keys: ReadonlyMap<string, unknown>): string | undefined {
  if (problem.kind !== 'clash') return keys.has(problem.id) ? problem.id : undefined;
  return [problem.second, problem.first].find((id) => keys.has(id));
}

function withKeys(tables: readonly ActionTable[], keys: ReadonlyMap<string, readonly string[]>): ActionTable[] {
  return tables.map((table) => ({ ...table, actions: rebind(table.actions, keys) }));
}

/** The actions with the user's keys in place of their own. */
export function rebind<A extends ActionRecord>(
  actions: readonly A[],
  keys: ReadonlyMap<string, readonly string[]>,
): A[] {
  return actions.map((action) => {
    const own = keys.get(action.id);
    return own ? { ...action, keys: own } : action;
  });
}
