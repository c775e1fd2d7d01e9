import type { BoundAction } from '../keys/bind.ts';
import type { ScreenDefinition } from '../ui/screen.ts';
import { createAskScreen } from './ask/screen.tsx';
import { createCompareScreen } from './compare/screen.tsx';
import type { ScreenContext } from './context.ts';
import { createDatasetsScreen } from './datasets/screen.tsx';
import { createDeployScreen } from './deploy/screen.tsx';
import { createEvaluateScreen } from './evaluate/screen.tsx';
import { createFleetScreen } from './fleet/screen.tsx';
import { createHomeScreen } from './home/screen.tsx';
import { createJobsScreen } from './jobs/screen.tsx';
import { createKbScreen } from './kb/screen.tsx';
import { createModelsScreen } from './models/screen.tsx';
import { createRecipesScreen } from './recipes/screen.tsx';
import { createSettingsScreen } from './settings/screen.tsx';
import { createTrainScreen } from './train/screen.tsx';

/** Every screen, in the order of their keys. */
export function createScreens(context: ScreenContext): readonly ScreenDefinition[] {
  const screens: ScreenDefinition[] = [
    createHomeScreen(context),
    createKbScreen(context),
    createAskScreen(context),
    createModelsScreen(context),
    createJobsScreen(context),
    createSettingsScreen(context, () => screens.flatMap(actionsOf)),
    createCompareScreen(context),
    createDatasetsScreen(context),
    createTrainScreen(context),
    createEvaluateScreen(context),
    createDeployScreen(context),
    createRecipesScreen(context),
    createFleetScreen(context),
  ];
  return screens;
}

/** All actions of a screen, its panes and modals. */
function actionsOf({ actions, panes, modals = [] }: ScreenDefinition): readonly BoundAction[] {
  return [...actions, ...panes.flatMap((pane) => pane.actions ?? []), ...modals.flatMap((modal) => modal.actions)];
}
