import { existsSync, rmSync } from 'node:fs';
import { getMeta, setMeta } from '../../db/open.ts';
import type { Tables } from '../../db/tables.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { isLive, newCollectionName } from './projector.ts';

const HOME = 'projection_home';

/**
 * A database that was put back from a backup, or copied to another folder, must not write into the collections of the
 * one that it was copied from: it gets new ones and fills them. To be called before anything is projected.
 */
export function leaveCopiedCollections({ db, projection }: Tables, { home, restored }: WorkspacePaths): void {
  const known = getMeta(db, HOME);
  const isCopy = existsSync(restored) || (known !== undefined && known !== home);
  if (!isCopy && known === home) return;
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
    setMeta(db, HOME, home);
  })();
  rmSync(restored, { force: true });
}
