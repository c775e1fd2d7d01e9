import { existsSync } from 'node:fs';
import { errnoOf } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { stopJob } from '../control.ts';
import { readEvents, readLastEvents, tailEvents } from '../events.ts';
import { launchJob } from '../launcher.ts';
import { outputFile, tailOutput } from '../output.ts';
import { readJob } from '../registry.ts';
import type { Fetched, Launcher } from './types.ts';

/** Jobs of this machine: a supervisor in a session of its own, files in the workspace. */
export function localLauncher(paths: WorkspacePaths): Launcher {
  const folderOf = (id: string): string => readJob(paths, id).folder;
  return {
    name: 'local',
    start: (work, options = {}) => launchJob(paths, work, options),
    state: async (id) => readJob(paths, id),
    attach: async (id, { from, signal, onEvents }) => {
      try {
        const folder = folderOf(id);
        let offset = from;
        if (offset === undefined) {
          const last = await readLastEvents(folder);
          if (signal.aborted) return;
          onEvents(last.events, last.offset);
          offset = last.offset;
        }
        await tailEvents(folder, { from: offset, signal, onEvent: (event, next) => onEvents([event], next) });
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error;
      }
    },
    output: (id, name, options) => tailOutput(outputFile(folderOf(id), name), options),
    stop: (id, options) => stopJob(paths, id, options),
    fetch: async (id) => {
      // They lie here already; of a name that was told twice the later one counts.
      const made = new Map<string, Fetched>();
      await readEvents(folderOf(id), (event) => {
        if (event.type === 'artifact' && event.path !== '')
          made.set(event.name, { name: event.name, path: event.path });
      });
      return [...made.values()].filter(({ path }) => existsSync(path));
    },
  };
}
