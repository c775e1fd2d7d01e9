import { existsSync } from 'node:fs';
import type { ComparePort } from '../../stores/compare-run.ts';
import { createStores, type Stores } from '../../stores/create.ts';
import type { SampleKnowledge } from '../../stores/onboarding.ts';
import { diskOf, realAnswers, realCompare, realPaths, realPreview } from '../../stores/ports.ts';
import { realPorts } from '../../stores/real-ports.ts';
import { sampleKnowledge } from '../../stores/sample.ts';
import { createScheduler, type Scheduler } from '../../stores/scheduler.ts';
import { createUiStore, type UiStore } from '../../stores/ui.ts';
import { isOver } from '../jobs/types.ts';
import { connectKb } from '../kb/client.ts';
import { busy } from '../platform/busy.ts';
import { loadSettings, saveSetting } from '../platform/config.ts';
import { errorLine } from '../platform/errors.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../platform/paths.ts';
import type { ScreenContext } from '../screens/context.ts';
import { createScreens } from '../screens/index.ts';
import { openTerminal, type Terminal } from '../terminal/terminal.ts';
import { shownStatus } from '../ui/status.ts';
import { copyText } from './copy.ts';
import { createApp } from './create-app.tsx';
import { editText } from './external.ts';
import { mountApp } from './mount.tsx';
import { watchForNotices } from './notices.ts';
import { startLook } from './start-look.ts';
import { statusItems } from './status.ts';
import { tourStrip } from './tour-strip.ts';
import { watchTour } from './tour-watch.ts';

export interface TuiOptions {
  /** The workspace; default `RAGTUI_HOME`, else the XDG data folder. */
  readonly home?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Opens the full-screen program and resolves when the person leaves it, the terminal restored.
 * Errors: `usage` when stdin or stdout is no terminal; `permission` when the workspace cannot be made.
 */
export async function startTui(options: TuiOptions = {}): Promise<void> {
  const { env = process.env } = options;
  const paths = workspacePaths(options.home, env);
  const existed = existsSync(paths.database);
  ensureWorkspace(paths);
  const scheduler = createScheduler({ begin: () => busy.begin('paint') });
  const look = startLook(paths.configFile, env);
  const terminal = openTerminal({ env, mouse: look.mouse });
  const ui = createUiStore({ ...look, size: terminal.size() });
  const sample = sampleKnowledge();
  const stores = makeStores({ paths, ui, scheduler, sample }, existed);
  if (!existed) stores.onboarding.getState().begin();
  await run({ paths, env, ui, stores, scheduler, terminal, sample });
}

function makeStores(
  { paths, ui, scheduler, sample }: Pick<Parts, 'paths' | 'ui' | 'scheduler' | 'sample'>,
  existed: boolean,
): Stores {
  return createStores({
    home: paths.home,
    existed,
    connect: () => busy.during(connectKb(paths), 'kb service'),
    disk: () => diskOf(paths.home),
    ...realPorts(paths),
    answers: (workspace, settings) =>
      realAnswers(
        paths,
        () => workspace.getState().connect(),
        () => settings.getState().settings.prompts,
      ),
    compare: (workspace, settings) =>
      inOurLanguage(
        realCompare(
          paths,
          () => workspace.getState().connect(),
          () => settings.getState().settings.prompts,
        ),
      ),
    settings: {
      file: paths.configFile,
      port: {
        load: () => loadSettings(paths.configFile),
        save: (section, key, value) => saveSetting(paths.configFile, section, key, value),
      },
    },
    sample,
    schedule: scheduler.schedule,
    now: () => performance.now(),
    onGuideEnd: () => {
      ui.getState().showScreen('ask');
      ui.getState().setFocus('question', 'ask');
    },
  });
}

interface Parts {
  readonly paths: WorkspacePaths;
  readonly env: NodeJS.ProcessEnv;
  readonly ui: UiStore;
  readonly stores: Stores;
  readonly scheduler: Scheduler;
  readonly terminal: Terminal;
  readonly sample: SampleKnowledge;
}

async function run({ paths, env, ui, stores, scheduler, terminal, sample }: Parts): Promise<void> {
  const { workspace, kb, ask, compare, models, jobs, datasets, training, deploy, settings, onboarding } = stores;
  const { evaluation, evaluationItems, recipes, fleet } = stores;
  const context: ScreenContext = {
    ...stores,
    ui,
    preview: realPreview(paths),
    paths: realPaths(),
    sample,
    edit: (text, name) => terminal.suspendFor(() => editText(text, name, env)),
    copy: (text) => copyText(terminal, ui, text),
    now: Date.now,
  };
  await new Promise<void>((leave) => {
    const app = createApp({
      terminal,
      ui,
      scheduler,
      screens: createScreens(context),
      watch: [
        ...[workspace, kb, ask, compare, models, jobs, datasets, training],
        ...[evaluation, evaluationItems, deploy, recipes, fleet, settings, onboarding, stores.tour],
      ],
      status: () => statusItems(stores),
      strip: (columns, rows) => tourStrip(stores.tour.getState().record, columns, rows),
      runningJobs: () =>
        (jobs.getState().list ?? []).filter(({ state }) => !isOver(state)).map(({ spec }) => spec.name),
      keymap: settings.getState().settings.keys,
      saveSetting: (key, value) => settings.getState().change('interface', key, value),
      env,
      quit: () => {
        app.dispose();
        mounted.unmount();
        leave();
      },
    });
    const mounted = mountApp(app.element, terminal);
    for (const warning of settings.getState().warnings) ui.getState().toast(warning, 'warn');
    watchForNotices(stores, ui, terminal);
    watchTour(stores, ui);
    // The first frame is out before anything is read or started.
    setImmediate(() => load(stores).catch((error: unknown) => ui.getState().toast(errorLine(error), 'bad')));
  });
  // What was under way is let go: its late failure must not turn a clean end into a crash.
  process.on('unhandledRejection', () => undefined);
  stores.deploy.getState().close();
  stores.fleet.getState().close();
  terminal.close();
  await workspace.getState().close();
}

/** Reads what there is. Each part shows its own failure. */
async function load({ workspace, kb, models, jobs, onboarding }: Stores): Promise<void> {
  await busy.during(
    (async () => {
      await models.getState().refresh();
      jobs.getState().open();
      await workspace.getState().refreshDisk();
      await kb.getState().refresh();
      const { list } = kb.getState();
      const filling = (jobs.getState().list ?? []).some(
        ({ spec, state }) => spec.work.kind === 'ingest' && !isOver(state),
      );
      // A guide that is open already may be further than its first question.
      if (list?.length === 0 && !filling && !onboarding.getState().active) onboarding.getState().begin();
    })(),
    'looking at what there is',
  );
}

/** What its columns wait for, said in the language of the screen. */
function inOurLanguage(port: ComparePort): ComparePort {
  return {
    ...port,
    compare: (request, options) =>
      port.compare(request, {
        ...options,
        onEvent: (column, event) =>
          options.onEvent(column, event.type === 'status' ? { ...event, text: shownStatus(event.text) } : event),
      }),
  };
}
