import { bindActions } from '../../keys/bind.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import type { ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { createPathModal } from '../path-modal.tsx';
import { guideActions, homeActions, nextActions } from './actions.ts';
import { createHomeModel } from './model.ts';
import { createTourModal } from './tour-modal.tsx';
import { HomeView } from './view.tsx';

/** From this width on the two parts lie side by side. */
const WIDE = 110;

/** The first screen: the guided start while there is nothing yet, then what there is and what to do next. */
export function createHomeScreen(context: ScreenContext): ScreenDefinition {
  const path = createPathModal(context, {
    id: 'home.path',
    title: () => t('home.path.title'),
    submit: (folder) => context.onboarding.getState().takeFolder(folder),
  });
  const tour = createTourModal(context);
  const model = createHomeModel(context, path.open);
  return {
    id: 'home',
    key: '1',
    title: () => t('home.title'),
    panes: [
      {
        id: 'guide',
        title: () => t('guide.title'),
        target: () => model.guide.target(),
        focusable: model.guiding,
        actions: bindActions(guideActions, () => model),
      },
      {
        id: 'next',
        title: () => t('home.next'),
        target: () => model.steps,
        focusable: () => !model.guiding(),
        actions: bindActions(nextActions, () => model),
      },
      { id: 'overview', title: () => t('home.overview'), focusable: () => false },
    ],
    layout: (rect): Record<string, Rect> => {
      if (model.guiding()) return { guide: rect };
      const [next, overview] =
        rect.width >= WIDE ? splitColumns(rect, ['1fr', '1fr']) : splitRows(rect, ['1fr', '1fr']);
      return next && overview ? { next, overview } : {};
    },
    view: (props) => <HomeView model={model} {...props} />,
    actions: bindActions(homeActions, () => ({ openTour: tour.open })),
    modals: [path.definition, tour.definition],
    onEnter: () => void context.workspace.getState().refreshDisk(),
    canGoBack: () => model.guiding() && ['models', 'pull', 'documents'].includes(model.step()),
    back: () => model.guiding() && context.onboarding.getState().back(),
  };
}
