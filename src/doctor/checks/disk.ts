import os from 'node:os';
import { formatSize } from '../size.ts';
import type { Check, Finding, Probe } from '../types.ts';

/** Space that what lies in a folder wants, for a beginning; bytes. */
const WANTED = { workspace: 500_000_000, models: 500_000_000, engines: 10_000_000_000, temporary: 200_000_000 };

/** Free space of each folder that grows; folders on one disk are told together. */
export const disk: Check = {
  id: 'disk',
  name: 'disk',
  run: (probe) => {
    const { home, models, engines } = probe.paths;
    const folders = { workspace: home, models, engines, temporary: probe.env['TMPDIR'] || os.tmpdir() };
    return (['workspace', 'models', 'engines', 'temporary'] as const).map((use) => of(use, folders[use], probe));
  },
};

function of(use: keyof typeof WANTED, folder: string, probe: Probe): Finding {
  const { free } = probe.fileSystem(folder);
  const detail = `${use}: ${formatSize(free)} free at ${folder}`;
  if (free >= WANTED[use]) return { state: 'ok', detail };
  const variable = {
    workspace: 'RAGTUI_HOME',
    models: 'RAGTUI_MODELS_CACHE',
    engines: 'RAGTUI_ENGINES_CACHE',
    temporary: 'TMPDIR',
  };
  const what = use === 'engines' ? 'one engine wants 6 to 10 GB' : `it wants ${formatSize(WANTED[use])}`;
  return { state: 'warn', detail, get: `${what}: make room (ragtui gc), or set ${variable[use]} to a bigger disk` };
}
