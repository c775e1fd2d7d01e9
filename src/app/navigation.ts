import { type BoundAction, bindActions } from '../keys/bind.ts';
import type { Action } from '../keys/types.ts';
import { t } from '../ui/i18n/index.ts';
import type { NavigationTarget } from '../ui/screen.ts';

/** Keys of every list, table and scrolled text. */
export const navigationActions: readonly Action<NavigationTarget>[] = [
  {
    id: 'list.up',
    title: 'Up',
    help: 'One row up.',
    keys: ['up', 'k'],
    inText: true,
    run: (target) => target.move(-1),
  },
  {
    id: 'list.down',
    title: 'Down',
    help: 'One row down.',
    keys: ['down', 'j'],
    inText: true,
    run: (target) => target.move(1),
  },
  {
    id: 'list.pageUp',
    title: 'Page up',
    help: 'One page up.',
    keys: ['pageup'],
    inText: true,
    run: (target) => target.page(-1),
  },
  {
    id: 'list.pageDown',
    title: 'Page down',
    help: 'One page down.',
    keys: ['pagedown'],
    inText: true,
    run: (target) => target.page(1),
  },
  {
    id: 'list.first',
    title: 'First',
    help: 'To the first row.',
    keys: ['g', 'home'],
    run: (target) => target.edge('first'),
  },
  {
    id: 'list.last',
    title: 'Last',
    help: 'To the last row.',
    keys: ['G', 'end'],
    run: (target) => target.edge('last'),
  },
  {
    id: 'list.mark',
    title: 'Mark',
    help: 'Mark this row, for actions on several at once.',
    keys: ['space'],
    when: (target) => (target.mark ? true : t('why.noMarks')),
    run: (target) => target.mark?.(),
  },
];

/** The navigation keys that hold for a target: in a text of several rows the arrows stay the text's own. */
export function boundNavigation(target: NavigationTarget, inMultilineText: boolean): readonly BoundAction[] {
  const bound = bindActions(navigationActions, () => target);
  const rows = new Set(['list.up', 'list.down']);
  const fitting = inMultilineText ? bound.filter((action) => !rows.has(action.id)) : bound;
  return target.mark ? fitting : fitting.filter((action) => action.id !== 'list.mark');
}
