import type { DocumentLanguage } from '../../../stores/onboarding.ts';
import { offeredModels } from '../../../stores/onboarding.ts';
import type { ModelStatus } from '../../models/types.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import type { NavigationTarget } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';

const LANGUAGES: readonly DocumentLanguage[] = ['zh', 'en', 'both'];
export type Source = 'sample' | 'folder';
const SOURCES: readonly Source[] = ['sample', 'folder'];

/** The lists of the guided start; which one is on screen follows the step. */
export interface Guide {
  readonly languages: ListModel<DocumentLanguage>;
  readonly models: ListModel<ModelStatus>;
  readonly sources: ListModel<Source>;
  readonly target: () => NavigationTarget | null;
  /** Enter: what the step is about. */
  readonly proceed: () => void | Promise<void>;
}

export function createGuide({ onboarding, models, ui }: ScreenContext, openPath: () => void): Guide {
  let offered: { list: readonly ModelStatus[] | null; language: DocumentLanguage; rows: readonly ModelStatus[] } = {
    list: null,
    language: 'both',
    rows: [],
  };
  const offeredRows = (): readonly ModelStatus[] => {
    const { list } = models.getState();
    const { language } = onboarding.getState();
    // One array per (list, language): the list model compares by identity.
    if (offered.list !== list || offered.language !== language) {
      offered = { list, language, rows: offeredModels(list ?? [], language) };
    }
    return offered.rows;
  };
  const languages = createListModel<DocumentLanguage>({ items: () => LANGUAGES, key: (item) => item });
  const modelList = createListModel<ModelStatus>({ items: offeredRows, key: ({ entry }) => entry.id });
  const sources = createListModel<Source>({ items: () => SOURCES, key: (item) => item });
  if (ui.getState().language === 'en') languages.select('en');

  return {
    languages,
    models: modelList,
    sources,
    target: () => {
      const { step } = onboarding.getState();
      if (step === 'language') return languages;
      if (step === 'models') return modelList;
      return step === 'documents' ? sources : null;
    },
    proceed: async () => {
      const state = onboarding.getState();
      if (state.step === 'language') {
        const language = languages.selected();
        if (language) state.chooseLanguage(language);
      } else if (state.step === 'models') {
        // A pull lasts minutes: the action ends here, the screen shows the rest.
        void state.pull();
      } else if (state.step === 'pull' && state.error) {
        void state.pull();
      } else if (state.step === 'documents') {
        if (sources.selected() === 'folder') openPath();
        else await state.takeSample();
      }
    },
  };
}
