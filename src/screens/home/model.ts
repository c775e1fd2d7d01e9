import type { OnboardingStep } from '../../../stores/onboarding.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import type { ScreenContext } from '../context.ts';
import { createGuide, type Guide } from './guide.ts';
import { type NextStep, nextSteps } from './next-steps.ts';

export interface HomeModel {
  readonly context: ScreenContext;
  readonly guide: Guide;
  readonly steps: ListModel<NextStep>;
  readonly guiding: () => boolean;
  readonly step: () => OnboardingStep;
  /** Does the step under the cursor. */
  readonly proceed: () => void | Promise<void>;
  readonly openPath: () => void;
}

export function createHomeModel(context: ScreenContext, openPath: () => void): HomeModel {
  const { onboarding, workspace, models, kb, jobs } = context;
  const guide = createGuide(context, openPath);
  // The list compares by identity: the same situation gives the same array.
  let cache: { readonly keys: readonly unknown[]; readonly steps: readonly NextStep[] } | undefined;
  const current = (): readonly NextStep[] => {
    const { connection, error } = workspace.getState();
    const keys = [
      connection,
      error,
      models.getState().list,
      models.getState().endpoints,
      kb.getState().list,
      jobs.getState().list,
    ];
    if (cache?.keys.every((key, i) => key === keys[i])) return cache.steps;
    const steps = nextSteps({
      connection,
      reason: error?.message ?? '',
      models: models.getState().list,
      bases: kb.getState().list,
      jobs: jobs.getState().list ?? [],
      hasEndpoint: models.getState().endpoints.some(({ kind }) => kind === 'chat'),
    });
    cache = { keys, steps };
    return steps;
  };
  const steps = createListModel<NextStep>({ items: current, key: ({ kind, subject }) => `${kind} ${subject}` });
  const guiding = (): boolean => onboarding.getState().active;

  return {
    context,
    guide,
    steps,
    guiding,
    step: () => onboarding.getState().step,
    openPath,
    proceed: () => {
      const step = steps.selected();
      return step ? doStep(step, context) : undefined;
    },
  };
}

/** What Enter does for each kind of step. */
function doStep({ kind, subject, detail }: NextStep, context: ScreenContext): void | Promise<void> {
  const { ui, workspace, kb, ask, jobs, models, onboarding } = context;
  const show = (screen: string): void => ui.getState().showScreen(screen);
  switch (kind) {
    case 'reconnect':
      return workspace
        .getState()
        .connect()
        .then(() => kb.getState().refresh());
    case 'guide':
      onboarding.getState().begin();
      return ui.getState().setFocus('guide', 'home');
    case 'pull':
    case 'repair-model':
      if (subject) models.getState().select(subject);
      return show('models');
    case 'watch':
    case 'failed-job': {
      const job = (jobs.getState().list ?? []).find(({ spec }) => spec.id === detail || spec.name === subject);
      if (job) jobs.getState().select(job.spec.id);
      return show('jobs');
    }
    case 'failed-documents':
      show('kb');
      return kb
        .getState()
        .select(subject)
        .then(() => kb.getState().loadDocuments({ failedOnly: true }));
    case 'create':
      show('kb');
      return ui.getState().open({ kind: 'modal', id: 'kb.create' });
    case 'fill':
    case 'add-documents':
      show('kb');
      return kb
        .getState()
        .select(subject)
        .then(() => ui.getState().open({ kind: 'modal', id: 'kb.path' }));
    case 'search-bench':
      show('kb');
      return kb
        .getState()
        .select(subject)
        .then(() => ui.getState().setFocus('query', 'kb'));
    case 'ask':
      ask.getState().configure({ kb: subject });
      show('ask');
      return ui.getState().setFocus('question', 'ask');
  }
}
