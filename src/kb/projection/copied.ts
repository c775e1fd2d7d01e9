import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import { getMeta, setMeta } from '../../db/open.ts';
import type { Tables } from '../../db/tables.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { isLive, newCollectionName } from './live.ts';

const HOME = 'projection_home';
const MACHINE = 'projection_machine';

/**
 * A database that was put back from a backup, or copied to another folder or machine, must not write into the
 * collections of the one that it was copied from: it gets new ones and fills them. A link to the folder is no copy. To
 * be called before anything is projected.
 */
export function leaveCopiedCollections(
  { db, projection }: Tables,
  { home, restored }: WorkspacePaths,
  machine = thisMachine(),
): void {
  const here = realPath(home);
  const known = getMeta(db, HOME);
  // Workspaces of former versions do not say it.
  const knownMachine = getMeta(db, MACHINE) ?? machine;
  const moved = known !== undefined && realPath(known) !== here;
  const isCopy = existsSync(restored) || moved || knownMachine !== machine;
  if (!isCopy && known === here && getMeta(db, MACHINE) === machine) return;
  db.transaction(() => {
    if (isCopy) {
      for (const row of projection.all()) {
        if (!isLive(row)) {
          projection.remove(row.id);
          continue;
        }
        projection.rename(row.id, newCollectionName());
        projection.restart(row);
      }
    }
    setMeta(db, HOME, here);
    setMeta(db, MACHINE, machine);
  })();
  rmSync(restored, { force: true });
}

function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

/** What systemd calls this installation; its name where there is no such thing. */
function thisMachine(): string {
  try {
    const id = readFileSync('/etc/machine-id', 'utf8').trim();
    if (id !== '') return id;
  } catch {
    // There is none.
  }
  return os.hostname();
}
