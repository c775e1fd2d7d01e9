import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { parseJson } from '../platform/json.ts';
import { lockFile } from '../platform/lock.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type Look, type Seen, seenSchema } from './types.ts';

const fileSchema = z.object({ version: z.literal(1), places: z.record(z.string(), seenSchema) });
const fleetFile = ({ home }: WorkspacePaths): string => path.join(home, 'fleet.json');

/** What was last seen of each place, by whoever looked. It can be looked at again: a file that cannot be read is nothing. */
export function readSeen(paths: WorkspacePaths): Readonly<Record<string, Seen>> {
  const file = fleetFile(paths);
  if (!existsSync(file)) return {};
  return fileSchema.safeParse(parseJson(readFileSync(file, 'utf8'))).data?.places ?? {};
}

/** Adds what was seen of a place, unless somebody has asked it since. Returns what counts now. Errors: `disk-full`, `permission`. */
export async function keepSeen(
  paths: WorkspacePaths,
  place: string,
  change: (before: Seen | undefined) => Seen,
): Promise<Seen> {
  const unlock = await lockFile(`${fleetFile(paths)}.lock`, { everyMs: 20 });
  try {
    const places = readSeen(paths);
    const seen = change(places[place]);
    writeJsonAtomic(fleetFile(paths), { version: 1, places: { ...places, [place]: seen } });
    return seen;
  } finally {
    unlock();
  }
}

/** What is known after a place answered. Pure. */
export function answered(before: Seen | undefined, look: Look): Seen {
  if (before && before.askedAt > look.at) return before;
  return { look, lost: null, askedAt: look.at };
}

/** What is known after a place was asked in vain: its last answer stays, as old as it is. Pure. */
export function unanswered(before: Seen | undefined, error: RagtuiError, at: string): Seen {
  if (before && before.askedAt > at) return before;
  const { code, message, hint } = error;
  return { look: before?.look ?? null, lost: { since: before?.lost?.since ?? at, code, message, hint }, askedAt: at };
}

/** Asks a place and remembers what came of it. Errors: those of the disk here, `cancelled`. */
export async function seePlace(paths: WorkspacePaths, place: string, look: () => Promise<Look>): Promise<Seen> {
  const askedAt = new Date().toISOString();
  const after = await look().then(
    (found) => (before: Seen | undefined) => answered(before, found),
    (cause: unknown) => {
      const error = toRagtuiError(cause);
      if (error.code === 'cancelled') throw error;
      return (before: Seen | undefined) => unanswered(before, error, askedAt);
    },
  );
  return keepSeen(paths, place, after);
}
