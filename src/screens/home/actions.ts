import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { HomeModel } from './model.ts';

/** Everywhere on the screen. */
export const homeActions: readonly Action<{ readonly openTour: () => void }>[] = [
  {
    id: 'home.tour',
    title: 'Tour',
    help: 'Ten steps through all there is: each says what to press, and ticks itself when it is done.',
    keys: ['t'],
    rank: 5,
    command: 'ragtui tour',
    run: ({ openTour }) => openTour(),
  },
];

/** Of the list of next steps. */
export const nextActions: readonly Action<HomeModel>[] = [
  {
    id: 'home.do',
    title: 'Do it',
    help: 'Does what is under the cursor.',
    keys: ['enter'],
    rank: 1,
    when: ({ steps }) => (steps.selected() ? true : t('home.why.nothing')),
    run: ({ proceed }) => proceed(),
  },
];

/** Only while the guide is open. */
export const guideActions: readonly Action<HomeModel>[] = [
  {
    id: 'home.next',
    title: 'Go on',
    help: 'Takes what is under the cursor and goes to the next step.',
    keys: ['enter'],
    rank: 1,
    when: ({ step, context }) => {
      if (step() === 'models' && context.onboarding.getState().chosen.length === 0) return t('home.why.noModel');
      const busy = step() === 'ingest' || (step() === 'pull' && !context.onboarding.getState().error);
      return busy ? t('home.why.wait') : true;
    },
    run: ({ guide }) => guide.proceed(),
  },
  {
    id: 'home.choose',
    title: 'Choose',
    help: 'Chooses the model under the cursor, or leaves it out.',
    keys: ['x'],
    rank: 2,
    when: (model) => (model.guiding() && model.step() === 'models' ? true : t('home.why.noModels')),
    run: ({ guide, context }) => {
      const model = guide.models.selected();
      if (model) context.onboarding.getState().toggle(model.entry.id);
    },
  },
  {
    id: 'home.cancel',
    title: 'Cancel',
    help: 'Stops the download; what came is kept, and it goes on from there next time.',
    keys: ['c'],
    rank: 2,
    command: 'ragtui models pull ID…',
    when: (model) => (model.guiding() && model.step() === 'pull' ? true : t('home.why.noPull')),
    run: ({ context }) => context.onboarding.getState().cancelPull(),
  },
  {
    id: 'home.skip',
    title: 'Skip the guide',
    help: 'Leaves the guided start. Everything in it can be done on the other screens too.',
    keys: ['s'],
    rank: 3,
    run: ({ context }) => context.onboarding.getState().skip(),
  },
];
