import type { RecipeRow } from '../../../stores/recipes.ts';
import { bindActions } from '../../keys/bind.ts';
import type { StepStatus } from '../../recipes/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import type { ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { recipesActions, stepActions } from './actions.ts';
import { RecipesView } from './view.tsx';

const WIDE = 150;
const NO_ROWS: readonly RecipeRow[] = [];
const NO_STEPS: readonly StepStatus[] = [];

export interface RecipesModel {
  readonly context: ScreenContext;
  readonly list: ListModel<RecipeRow>;
  readonly steps: ListModel<StepStatus>;
}

/** Recipes, what is wrong with them by line, and the steps of the newest run of the one under the cursor. */
export function createRecipesScreen(context: ScreenContext): ScreenDefinition {
  const { recipes, jobs, ui } = context;
  const list = createListModel<RecipeRow>({
    items: () => recipes.getState().rows ?? NO_ROWS,
    key: ({ name, file, run }) => file?.file ?? run?.work.file ?? name,
    text: ({ name, file }) => `${name} ${file?.about ?? ''}`,
  });
  const steps = createListModel<StepStatus>({
    items: () => list.selected()?.run?.status?.steps ?? NO_STEPS,
    key: ({ id }) => id,
    text: ({ title, state, detail }) => `${title} ${state} ${detail}`,
  });
  const model: RecipesModel = { context, list, steps };
  jobs.subscribe((state, before) => {
    if (state.list !== before.list && ui.getState().screen === 'recipes') recipes.getState().look();
  });
  const report = () => list.selected()?.run?.status?.report ?? null;
  return {
    id: 'recipes',
    key: '=',
    title: () => t('recipes.title'),
    panes: [
      {
        id: 'list',
        title: () => t('recipes.list'),
        target: () => list,
        copy: () => list.selected()?.file?.file ?? null,
      },
      {
        id: 'steps',
        title: () => t('recipes.steps'),
        target: () => steps,
        copy: () => steps.selected()?.job ?? null,
        actions: bindActions(stepActions, () => model),
      },
    ],
    layout,
    view: (props) => <RecipesView model={model} {...props} />,
    actions: bindActions(recipesActions, () => model),
    copyAll: () => {
      const { report: read } = recipes.getState();
      return read && read.file === report()?.md ? read.text : null;
    },
    back: () => {
      const file = list.selected()?.file?.file;
      if (file === undefined || !recipes.getState().checked[file]) return false;
      recipes.getState().forget(file);
      return true;
    },
    canGoBack: () => recipes.getState().checked[list.selected()?.file?.file ?? ''] !== undefined,
    onEnter: () => void recipes.getState().refresh(),
  };
}

function layout(rect: Rect): Record<string, Rect> {
  const [list, steps] = rect.width >= WIDE ? splitColumns(rect, ['2fr', '3fr']) : splitRows(rect, ['2fr', '3fr']);
  return list && steps ? { list, steps } : {};
}
