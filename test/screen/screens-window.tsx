import { createApp } from '../../src/app/create-app.tsx';
import { statusItems } from '../../src/app/status.ts';
import { screenTables, sharedTables } from '../../src/app/tables.ts';
import { tourStrip } from '../../src/app/tour-strip.ts';
import { watchTour } from '../../src/app/tour-watch.ts';
import type { DatasetManifest } from '../../src/datasets/types.ts';
import type { EngineName } from '../../src/engines/types.ts';
import type { Host } from '../../src/hosts/types.ts';
import type { JobView } from '../../src/jobs/types.ts';
import { methods } from '../../src/kb/protocol.ts';
import { splitDocument } from '../../src/kb/splitters/registry.ts';
import type { DocumentSummary, KnowledgeBase, SearchResult } from '../../src/kb/types.ts';
import type { ActionRecord, ActionTable } from '../../src/keys/registry.ts';
import type { Adapter, Endpoint } from '../../src/models/types.ts';
import { settingsSchema } from '../../src/platform/config.ts';
import type { Answer } from '../../src/rag/types.ts';
import { createScreens } from '../../src/screens/index.ts';
import type { TourRecord } from '../../src/tour/types.ts';
import { setLanguage } from '../../src/ui/i18n/index.ts';
import { textWidth } from '../../src/ui/text.ts';
import { createStores, type Stores } from '../../stores/create.ts';
import type { ModelChoice } from '../../stores/evaluation.ts';
import { createScheduler } from '../../stores/scheduler.ts';
import { createUiStore, type UiStore } from '../../stores/ui.ts';
import { fakeCompare } from '../store/compare-fakes.ts';
import { fakeDeploy } from '../store/deploy-fakes.ts';
import { fakeAsk, fakeJobs, fakeKb, fakeModels, settle } from '../store/fakes.ts';
import { type FleetWorld, fakeFleet } from '../store/fleet-fakes.ts';
import { fakeDatasets, fakeEvaluation, fakeTraining } from '../store/loop-fakes.ts';
import { fakeRecipes, type RecipeWorld } from '../store/recipe-fakes.ts';
import { fakeTelemetry } from '../store/telemetry-fakes.ts';
import { fakeTour } from '../store/tour-fakes.ts';
import { type Canvas, draw } from '../support/window.tsx';

/** What the fake world holds. */
export interface World {
  readonly columns: number;
  readonly rows: number;
  readonly language: 'en' | 'zh';
  readonly existed?: boolean;
  /** Default: one that was never begun. */
  readonly tour?: TourRecord;
  readonly bases?: readonly KnowledgeBase[];
  readonly documents?: readonly DocumentSummary[];
  /** Text of every document. */
  readonly text?: string;
  readonly search?: SearchResult;
  readonly history?: readonly Answer[];
  readonly jobs?: readonly JobView[];
  readonly recipes?: RecipeWorld;
  readonly fleet?: FleetWorld;
  /** Ids of models on disk. */
  readonly models?: readonly string[];
  readonly datasets?: readonly DatasetManifest[];
  readonly engines?: readonly EngineName[];
  readonly hosts?: readonly Host[];
  readonly adapters?: readonly Adapter[];
  readonly endpoints?: readonly Endpoint[];
  /** What columns may be about. */
  readonly choices?: readonly ModelChoice[];
  /** What the user makes of a text in the editor; absent: nothing. */
  readonly edit?: (text: string) => string;
}

export interface ScreensWindow extends Omit<Canvas, 'rows'> {
  readonly stores: Stores;
  readonly ui: UiStore;
  readonly jobs: ReturnType<typeof fakeJobs>;
  readonly models: ReturnType<typeof fakeModels>;
  readonly engine: ReturnType<typeof fakeAsk>;
  readonly comparisons: ReturnType<typeof fakeCompare>;
  readonly kb: ReturnType<typeof fakeKb>;
  readonly datasets: ReturnType<typeof fakeDatasets>;
  readonly training: ReturnType<typeof fakeTraining>;
  readonly evaluation: ReturnType<typeof fakeEvaluation>;
  readonly telemetry: ReturnType<typeof fakeTelemetry>;
  readonly deploy: ReturnType<typeof fakeDeploy>;
  readonly recipes: ReturnType<typeof fakeRecipes>;
  readonly fleet: ReturnType<typeof fakeFleet>;
  readonly copied: string[];
  readonly rows: () => string[];
  readonly press: (...names: string[]) => Promise<void>;
  readonly type: (text: string) => Promise<void>;
  /** Keys that are read at once, as of one held down or a text pasted, and drawn once. */
  readonly burst: (...names: string[]) => Promise<void>;
  /** Lets stores and screen come to rest. */
  readonly rest: () => Promise<void>;
  /** The action tables of these screens and of the app. */
  readonly tables: () => readonly ActionTable[];
  readonly actions: () => readonly ActionRecord[];
  readonly dispose: () => void;
}

/** All screens over fakes, at any size, in either language. Its stores were loaded once. */
export async function openScreens(world: World): Promise<ScreensWindow> {
  const { columns, rows, language, bases = [], documents = [], text = '', history = [] } = world;
  const list = [...bases];
  const comparisons = fakeCompare();
  const kb = fakeKb({
    ...comparisons.history.handlers,
    'kb.list': () => [...list],
    'kb.create': (params) => {
      const { name, groups, embedders } = methods['kb.create'].params.parse(params);
      const made: KnowledgeBase = {
        name,
        createdAt: '2026-11-23T06:00:00.000Z',
        // The fake's documents are in every base.
        documents: documents.length,
        failed: 0,
        chunks: 0,
        groups,
        embedders,
        indexes: [],
        sources: [],
        ingesting: null,
        previous: null,
      };
      list.push(made);
      return made;
    },
    'kb.delete': ({ kb: name }) => {
      list.splice(
        list.findIndex((each) => each.name === name),
        1,
      );
      return {};
    },
    'kb.documents': ({ state = 'all', filter = '' }) => {
      const shown = documents.filter((each) => (state === 'all' || each.state === state) && each.name.includes(filter));
      return { total: shown.length, documents: shown };
    },
    'kb.document': ({ id }) => {
      const document = documents.find((each) => each.id === id);
      if (!document) throw new Error(`no document ${id}`);
      return { ...document, text, metadata: {} };
    },
    'kb.chunks': () => {
      const chunks = splitDocument(text, { name: 'sentence', splitter: 'sentence', maxChars: 40 });
      return { total: chunks.length, chunks: chunks.map((chunk) => ({ ...chunk, id: chunk.ordinal, tokens: 9 })) };
    },
    'kb.remove': () => ({}),
    'kb.verify': () => ({ ok: true, checks: [{ name: 'vectors', ok: true, detail: '7 of 7', repaired: false }] }),
    search: () => {
      if (!world.search) throw new Error('no search in this world');
      return world.search;
    },
    'answers.list': ({ filter = '' }) =>
      history
        .filter(({ question }) => question.includes(filter))
        .map((answer, i) => ({
          id: i,
          at: '2026-11-23T06:00:00.000Z',
          kb: answer.pipeline.kb,
          question: answer.question,
          answer,
        })),
    'answers.add': () => ({ id: 99 }),
  });
  const ui = createUiStore({ after: () => () => undefined, theme: 'none', language, size: { columns, rows } });
  const scheduler = createScheduler();
  const jobs = fakeJobs(world.jobs);
  const models = fakeModels(world.models);
  models.servers.saved.push(...(world.endpoints ?? []));
  const engine = fakeAsk();
  const datasets = fakeDatasets(world.datasets);
  const training = fakeTraining(world.engines, world.hosts);
  const evaluation = fakeEvaluation(world.choices);
  const telemetry = fakeTelemetry();
  const recipes = fakeRecipes(world.recipes);
  const fleet = fakeFleet(world.fleet);
  const deploy = fakeDeploy(() => jobs.all(), world.adapters, world.hosts);
  const sample = {
    paths: { en: '/samples/en', zh: '/samples/zh', both: '/samples' },
    dataset: '/samples/questions.jsonl',
    questions: { en: ['How hot is the water?'], zh: ['水要多热？'] },
  };
  const stores = createStores({
    home: '/workspace',
    existed: world.existed ?? true,
    connect: async () => kb.client,
    disk: async () => ({ free: 12e9, used: 30e9 }),
    models: models.port,
    jobs: jobs.port,
    datasets: datasets.port,
    training: training.port,
    evaluation: evaluation.port,
    telemetry: telemetry.port,
    deploy: deploy.port,
    recipes: recipes.port,
    fleet: fleet.port,
    answers: () => engine.port,
    compare: () => comparisons.port,
    settings: {
      file: '/config/config.toml',
      port: { load: () => ({ settings: settingsSchema.parse({}), warnings: [] }), save: () => undefined },
    },
    tour: fakeTour(world.tour),
    sample,
    schedule: scheduler.schedule,
    now: () => 0,
    onGuideEnd: () => {
      ui.getState().showScreen('ask');
      ui.getState().setFocus('question', 'ask');
    },
  });
  const copied: string[] = [];
  const screens = createScreens({
    ...stores,
    ui,
    sample,
    preview: {
      split: async (whole, group) => splitDocument(whole, group, { countTokens: (piece) => piece.split(' ').length }),
    },
    paths: {
      homeFolder: '/home/me',
      currentFolder: '/home/me',
      kind: async (path) => (path === '/home/me/notes' ? 'folder' : 'missing'),
      entries: async () => [{ name: 'notes', folder: true }],
    },
    copy: (copy) => copied.push(copy),
    edit: async (given) => world.edit?.(given) ?? given,
    now: () => Date.parse('2026-11-23T06:20:00.000Z'),
  });
  const app = createApp({
    terminal: {
      size: () => ui.getState().size,
      onEvent: () => () => undefined,
      onResize: () => () => undefined,
      onStrayOutput: () => () => undefined,
      setCursor: () => undefined,
      redraw: () => undefined,
      setMouse: () => undefined,
      copy: (copy) => {
        copied.push(copy);
        return { via: 'terminal', bytes: copy.length, cut: false, message: 'Copied' };
      },
      suspend: () => undefined,
      suspendFor: async (work) => work(),
    },
    ui,
    scheduler,
    screens,
    watch: Object.values(stores),
    status: () => statusItems(stores),
    strip: (wide, high) => tourStrip(stores.tour.getState().record, wide, high),
    runningJobs: () => [],
    quit: () => undefined,
  });
  watchTour(stores, ui);
  const canvas = draw(app.element, columns, rows);
  const rest = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn++) await settle();
    scheduler.flush();
    await canvas.settled();
  };
  if (world.existed === false) stores.onboarding.getState().begin();
  await stores.models.getState().refresh();
  stores.jobs.getState().open();
  await stores.workspace.getState().refreshDisk();
  await stores.kb.getState().refresh();
  await rest();
  const dispatch = (name: string): void => {
    const typed = name === 'space' ? ' ' : [...name].length === 1 ? name : undefined;
    app.dispatch({ type: 'key', name, ...(typed === undefined ? {} : { text: typed }) });
  };
  const send = async (name: string): Promise<void> => {
    dispatch(name);
    await rest();
  };
  return {
    ...canvas,
    stores,
    ui,
    jobs,
    models,
    engine,
    comparisons,
    kb,
    datasets,
    training,
    evaluation,
    telemetry,
    deploy,
    recipes,
    fleet,
    copied,
    tables: () => [...sharedTables(screens), ...screenTables(screens)],
    actions: () => screenTables(screens).flatMap((table) => table.actions),
    rest,
    press: async (...names) => {
      for (const name of names) await send(name);
    },
    type: async (typed) => {
      for (const character of typed) await send(character === ' ' ? 'space' : character);
    },
    burst: async (...names) => {
      for (const name of names) dispatch(name);
      await rest();
    },
    dispose: () => {
      canvas.unmount();
      app.dispose();
      setLanguage('en');
    },
  };
}

/** What is wrong with a frame: rows too wide or too many, borders that do not close. Empty when it is whole. */
export function frameFaults(rows: readonly string[], columns: number, height: number): readonly string[] {
  const faults: string[] = [];
  if (rows.length > height) faults.push(`${rows.length} rows instead of ${height}`);
  rows.forEach((row, i) => {
    const width = textWidth(row);
    if (width > columns) faults.push(`row ${i} is ${width} wide: ${row}`);
    // A row that begins with a panel's border ends with one.
    if (/^[│╭╰┃┏┗]/.test(row) && !/[│╮╯┃┓┛]$/.test(row.trimEnd())) faults.push(`row ${i} does not close: ${row}`);
  });
  return faults;
}
