import { type BoundAction, bindActions } from '../../keys/bind.ts';
import type { Action } from '../../keys/types.ts';

/** The actions of the app's own overlays: data for the key tables; what they do is bound when one opens. */
type Run = { readonly run: () => void };

const action = (
  id: string,
  title: string,
  help: string,
  keys: readonly string[],
  rank: number,
  inText = false,
): Action<Run> => ({
  id,
  title,
  help,
  keys,
  rank,
  inText,
  run: (state) => state.run(),
});

export const overlayTables = {
  yes: action('confirm.yes', 'Yes', 'Do it.', ['y'], 1),
  no: action('confirm.no', 'No', 'Leave everything as it is.', ['n'], 2),
  submit: action('prompt.submit', 'OK', 'Take what is written.', ['enter'], 1, true),
  pick: action('choose.pick', 'Choose', 'Take the row under the cursor.', ['enter'], 1),
  runAction: action('palette.run', 'Run', 'Run the action under the cursor.', ['enter'], 1, true),
  keepFilter: action('filter.keep', 'Keep', 'Keep the filter and go back to the rows.', ['enter'], 1, true),
} as const;

export const bindOverlay = (name: keyof typeof overlayTables, run: () => void): BoundAction[] => [
  ...bindActions([overlayTables[name]], () => ({ run })),
];
