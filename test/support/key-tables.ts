import os from 'node:os';
import path from 'node:path';
import { screenTables, sharedTables } from '../../src/app/tables.ts';
import type { ActionTable } from '../../src/keys/registry.ts';
import { loadSettings } from '../../src/platform/config.ts';
import { workspacePaths } from '../../src/platform/paths.ts';
import { createScreens } from '../../src/screens/index.ts';
import { defaultTheme } from '../../src/ui/theme.ts';
import { createStores } from '../../stores/create.ts';
import { realAnswers, realCompare, realPaths, realPreview } from '../../stores/ports.ts';
import { realPorts } from '../../stores/real-ports.ts';
import { sampleKnowledge } from '../../stores/sample.ts';
import { createUiStore } from '../../stores/ui.ts';

/** Every action table of the program, made of the real screens in a workspace that is never opened. */
export function allKeyTables(): ActionTable[] {
  const paths = workspacePaths(path.join(os.tmpdir(), 'ragtui-never-made'), {});
  const never = () => Promise.reject(new Error('tables are only looked at'));
  const stores = createStores({
    home: paths.home,
    existed: true,
    connect: never,
    disk: never,
    ...realPorts(paths),
    answers: () => realAnswers(paths, never, () => ({})),
    compare: () => realCompare(paths, never, () => ({})),
    settings: { file: paths.configFile, port: { load: () => loadSettings(paths.configFile), save: () => {} } },
    sample: sampleKnowledge(),
    schedule: (publish) => publish(),
    now: () => 0,
    onGuideEnd: () => {},
  });
  const ui = createUiStore({
    theme: defaultTheme({}, 'dark'),
    mouse: true,
    language: 'en',
    size: { columns: 80, rows: 24 },
  });
  const screens = createScreens({
    ...stores,
    ui,
    preview: realPreview(paths),
    paths: realPaths(),
    sample: sampleKnowledge(),
    edit: async (text) => text,
    copy: () => undefined,
    now: () => 0,
  });
  return [...sharedTables(screens), ...screenTables(screens)];
}
