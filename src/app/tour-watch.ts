import type { Stores } from '../../stores/create.ts';
import type { UiStore } from '../../stores/ui.ts';
import { TOUR_STEPS } from '../tour/types.ts';
import { t } from '../ui/i18n/index.ts';

/** Tells the tour what is looked at, and the person which step was ticked. Returns the way to stop. */
export function watchTour({ tour, ask }: Pick<Stores, 'tour' | 'ask'>, ui: UiStore): () => void {
  const stopTicks = tour.getState().onTick((step, next) => {
    const number = TOUR_STEPS.indexOf(step) + 1;
    ui.getState().toast(t('tour.ticked', { number, title: t(`tour.${step}.title`) }), 'good');
    if (!next) ui.getState().toast(t('tour.over'), 'good');
  });
  const stopLooks = ui.subscribe(({ screen, focus, overlays }) => {
    const messages = overlays.some((overlay) => overlay.kind === 'modal' && overlay.id === 'ask.messages');
    const answered = ask.getState().answer !== null;
    if (screen === 'ask' && answered && (focus['ask'] === 'passages' || messages)) tour.getState().look('passages');
    if (screen === 'deploy') tour.getState().look('deploy');
  });
  return () => {
    stopTicks();
    stopLooks();
  };
}
