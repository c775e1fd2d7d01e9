import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { emptyTrash, listTrash, TRASH_DAYS } from '../datasets/trash.ts';
import type { KbClient, Result } from '../kb/protocol.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { sizeOf } from './copy.ts';

/** One kind of thing that is no longer needed. Vectors and documents free pages of the database for what comes next. */
export interface Garbage {
  readonly what: Result<'db.gc'>['garbage'][number]['what'] | 'datasets' | 'old-copies';
  readonly count: number;
  readonly bytes: number;
}

const DAY_MS = 24 * 3_600_000;

/**
 * Finds what is no longer needed: index files nobody names, documents, comparisons and datasets a week in the trash,
 * vectors of texts that no document has (not even one in the trash), and copies of the database or of a replaced
 * workspace that are a week old. Unless `dryRun`, removes it.
 */
export async function collectGarbage(
  paths: WorkspacePaths,
  kb: Pick<KbClient, 'call'>,
  { dryRun, signal, now = new Date() }: { dryRun: boolean; signal?: AbortSignal; now?: Date },
): Promise<Garbage[]> {
  const { garbage } = await kb.call('db.gc', { dryRun }, signal ? { signal } : {});
  const before = now.getTime() - TRASH_DAYS * DAY_MS;
  const datasets = listTrash(paths)
    .filter(({ deletedAt }) => deletedAt.getTime() < before)
    .map(({ folder }) => folder);
  const copies = oldCopies(paths, before);
  const found: Garbage[] = [...garbage, sized('datasets', datasets), sized('old-copies', copies)];
  if (!dryRun) {
    emptyTrash(paths, now);
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
  return found;
}

const sized = (what: Garbage['what'], places: readonly string[]): Garbage => ({
  what,
  count: places.length,
  bytes: places.reduce((sum, place) => sum + sizeOf(place), 0),
});

/** Copies made before a change of the schema, workspaces a restore put aside, and what a killed restore left. */
function oldCopies({ home }: WorkspacePaths, before: number): string[] {
  return readdirSync(home)
    .filter((name) =>
      /^(ragtui\.db\.before-schema-\d+|replaced-\d{8}T\d{6}-[0-9a-f]{4}|\.restore-[0-9a-f]{8})$/.test(name),
    )
    .map((name) => path.join(home, name))
    .filter((place) => statSync(place).mtimeMs < before);
}
