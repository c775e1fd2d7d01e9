import { createStore, type StoreApi } from 'zustand/vanilla';
import { DEFAULT_CHAT_MODEL, DEFAULT_EMBEDDERS } from '../src/models/catalogue.ts';
import type { CatalogueEntry, ModelStatus } from '../src/models/types.ts';
import { RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { AskStore } from './ask.ts';
import type { JobsStore } from './jobs.ts';
import type { KbStore } from './kb.ts';
import type { ModelsStore } from './models.ts';

export type DocumentLanguage = 'zh' | 'en' | 'both';
export type OnboardingStep = 'language' | 'models' | 'pull' | 'documents' | 'ingest' | 'done';

export interface SampleKnowledge {
  readonly paths: Readonly<Record<DocumentLanguage, string>>;
  /** A file of questions with answers and passages, to be imported as a dataset. */
  readonly dataset: string;
  /** Questions the sample documents answer, by language. */
  readonly questions: Readonly<Record<'en' | 'zh', readonly string[]>>;
}

export interface OnboardingState {
  readonly active: boolean;
  readonly step: OnboardingStep;
  readonly language: DocumentLanguage;
  /** Model ids to be pulled. */
  readonly chosen: readonly string[];
  /** The knowledge base being filled. */
  readonly kb: string | null;
  readonly error: RagtuiError | null;
  begin(): void;
  chooseLanguage(language: DocumentLanguage): void;
  toggle(id: string): void;
  /** Pulls what is chosen and not there yet, one after the other; then asks for the documents. */
  pull(): Promise<void>;
  cancelPull(): void;
  takeSample(): Promise<void>;
  takeFolder(path: string): Promise<void>;
  /** One step back; false at the first. */
  back(): boolean;
  /** Leaves the guide; everything it does can be done on the other screens. */
  skip(): void;
}
export type OnboardingStore = StoreApi<OnboardingState>;

export interface OnboardingDependencies {
  readonly models: ModelsStore;
  readonly kb: KbStore;
  readonly jobs: JobsStore;
  readonly ask: AskStore;
  readonly sample: SampleKnowledge;
  /** Shows Ask with the focus in the question editor. */
  readonly finish: () => void;
}

/** The models that are preselected for documents in this language. The Chinese embedder reads English too, not the other way round. */
export function recommendedModels(language: DocumentLanguage): readonly string[] {
  return [language === 'en' ? DEFAULT_EMBEDDERS.en : DEFAULT_EMBEDDERS.zh, DEFAULT_CHAT_MODEL];
}

/** What the second step shows: embedders and chat models that suit the language, recommended ones first. */
export function offeredModels(list: readonly ModelStatus[], language: DocumentLanguage): readonly ModelStatus[] {
  const recommended = recommendedModels(language);
  const suits = (entry: CatalogueEntry): boolean =>
    entry.kind !== 'embedder' ||
    language === 'both' ||
    entry.languages.includes(language) ||
    entry.languages.includes('multi');
  const rank = ({ entry, state }: ModelStatus): number =>
    (recommended.includes(entry.id) ? 0 : 4) + (state === 'present' ? 0 : 2) + (entry.kind === 'embedder' ? 0 : 1);
  return list.filter(({ entry }) => entry.kind !== 'reranker' && suits(entry)).sort((a, b) => rank(a) - rank(b));
}

/** A name for a knowledge base made from a folder: its last part, made safe, never one that exists. */
export function knowledgeBaseName(path: string, taken: readonly string[]): string {
  const last = path.split('/').filter(Boolean).at(-1) ?? '';
  const base =
    last
      .normalize('NFKC')
      .replace(/[^\p{L}\p{N}._-]+/gu, '-')
      .replace(/^[-.]+|[-.]+$/g, '') || 'documents';
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.includes(name)) return name;
  }
}

/** The guided first start: language → models → pull → documents → a first question. */
export function createOnboardingStore(dependencies: OnboardingDependencies): OnboardingStore {
  const { models, kb, jobs, ask, sample } = dependencies;
  let stopped = false;

  const store = createStore<OnboardingState>()((set, get) => {
    const modelsHere = (): readonly ModelStatus[] => models.getState().list ?? [];
    const ofKind = (kind: CatalogueEntry['kind']): string | undefined =>
      get().chosen.find((id) => modelsHere().some(({ entry }) => entry.id === id && entry.kind === kind));

    const fill = async (name: string, root: string): Promise<void> => {
      set({ step: 'ingest', error: null, kb: name });
      try {
        const embedder = ofKind('embedder') ?? recommendedModels(get().language)[0];
        const exists = kb.getState().list?.some((each) => each.name === name);
        if (!exists) {
          const groups = [{ name: 'sentence', splitter: 'sentence' as const, maxChars: 400 }];
          await kb.getState().create(name, groups, embedder ? [embedder] : []);
        }
        await kb.getState().ingest(name, [root]);
      } catch (error) {
        set({ step: 'documents', error: toRagtuiError(error) });
      }
    };

    return {
      active: false,
      step: 'language',
      language: 'both',
      chosen: recommendedModels('both'),
      kb: null,
      error: null,
      begin: () => set({ active: true, step: 'language', error: null }),
      chooseLanguage: (language) => set({ language, chosen: recommendedModels(language), step: 'models' }),
      toggle: (id) => {
        const kind = modelsHere().find(({ entry }) => entry.id === id)?.entry.kind;
        const same = (other: string): boolean =>
          modelsHere().some(({ entry }) => entry.id === other && entry.kind === kind);
        // One of each kind is enough to begin with: choosing another replaces it.
        set((state) => ({
          chosen: state.chosen.includes(id)
            ? state.chosen.filter((other) => other !== id)
            : [...state.chosen.filter((other) => !same(other)), id],
        }));
      },
      pull: async () => {
        stopped = false;
        set({ step: 'pull', error: null });
        for (const id of get().chosen) {
          if (modelsHere().some(({ entry, state }) => entry.id === id && state === 'present')) continue;
          const outcome = await models.getState().pull(id);
          if (stopped) return;
          if (outcome.state === 'done') continue;
          set({ error: outcome.error ?? new RagtuiError('cancelled', `${id} was not pulled.`) });
          return;
        }
        if (get().step === 'pull') set({ step: 'documents' });
      },
      cancelPull: () => {
        stopped = true;
        for (const id of get().chosen) models.getState().cancel(id);
        set({ step: 'models' });
      },
      takeSample: async () => {
        const { language } = get();
        const questions =
          language === 'both' ? [...sample.questions.en, ...sample.questions.zh] : sample.questions[language];
        await fill('sample', sample.paths[language]);
        ask.getState().configure({ kb: 'sample', llm: ofKind('chat') ?? null });
        ask.getState().suggest(questions);
      },
      takeFolder: async (path) => {
        const taken = (kb.getState().list ?? []).map((each) => each.name);
        const name = knowledgeBaseName(path, taken);
        await fill(name, path);
        ask.getState().configure({ kb: name, llm: ofKind('chat') ?? null });
      },
      back: () => {
        const { step } = get();
        if (step === 'pull') get().cancelPull();
        else if (step === 'models') set({ step: 'language' });
        else if (step === 'documents') set({ step: 'models', error: null });
        else return false;
        return true;
      },
      skip: () => {
        if (get().step === 'pull') get().cancelPull();
        set({ active: false });
      },
    };
  });

  /** A base without a single document is no end of a guide: it goes again, and the reason is told. */
  const endOfIngest = async (name: string, roots: readonly string[]): Promise<void> => {
    await kb.getState().refresh();
    const made = kb.getState().list?.find((each) => each.name === name);
    if (made?.documents === 0) {
      const failure = kb.getState().reports[name]?.failed[0];
      const count = kb.getState().reports[name]?.failed.length ?? 0;
      const found = failure
        ? `None of the ${count} files in ${roots.join(', ')} could be read; the first: ${failure.reason}`
        : `There is no document in ${roots.join(', ')}.`;
      await kb
        .getState()
        .remove(name)
        .catch(() => undefined);
      const hint = 'Choose a folder with txt, md, html, pdf, docx, csv or jsonl files.';
      store.setState({ step: 'documents', error: new RagtuiError('not-found', found, hint) });
      return;
    }
    store.setState({ step: 'done', active: false });
    dependencies.finish();
  };

  jobs.getState().onEnd((job) => {
    const { step, kb: name, active } = store.getState();
    if (!active || step !== 'ingest' || job.spec.work.kind !== 'ingest' || job.spec.work.kb !== name) return;
    if (job.state === 'succeeded') {
      void endOfIngest(name, job.spec.work.roots);
      return;
    }
    const { error } = job;
    const reason = error
      ? new RagtuiError('unavailable', error.message, error.hint)
      : new RagtuiError('unavailable', `The ingest ended: ${job.state}. ${job.reason}`.trim());
    store.setState({ step: 'documents', error: reason });
  });
  return store;
}
