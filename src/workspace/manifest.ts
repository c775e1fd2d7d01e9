import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { errnoOf, RagtuiError, toRagtuiError } from '../platform/errors.ts';

/** Written last: a folder without it is no backup. */
export const MANIFEST = 'backup.json';

/** What a backup holds of the workspace: files beside each other, and whole folders. */
export const BACKED_UP = {
  files: ['ragtui.db', 'models.json', 'vector-servers.json'],
  folders: ['datasets', 'jobs', 'recipes', 'tuned'],
} as const;

const tops: readonly string[] = [...BACKED_UP.files, ...BACKED_UP.folders];

/** Below the workspace and nowhere else: a backup that was tampered with writes into no other place. */
const insideSchema = z
  .string()
  .refine(
    (name) =>
      path.posix.normalize(name) === name && !path.posix.isAbsolute(name) && tops.includes(name.split('/')[0] ?? ''),
    'is no place in a workspace',
  );

const fileSchema = z.object({
  path: insideSchema,
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type BackedUpFile = z.infer<typeof fileSchema>;

export const backupSchema = z.object({
  format: z.literal(1),
  createdAt: z.iso.datetime(),
  programVersion: z.string(),
  /** Where the workspace was: paths of the user's own models that begin with it move with it. */
  home: z.string(),
  files: z.array(fileSchema),
});
export type Backup = z.infer<typeof backupSchema>;

export const bytesOf = (files: readonly { readonly bytes: number }[]): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);

/** The list of a backup. Errors: `not-found` when the folder is none, `corrupt`, `unsupported` for one of a newer ragtui. */
export function readBackup(folder: string): Backup {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path.join(folder, MANIFEST), 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') {
      throw new RagtuiError(
        'not-found',
        `${folder} is no backup: it has no ${MANIFEST}.`,
        'One that was cut short has none either; make it again.',
      );
    }
    if (errnoOf(error)) throw toRagtuiError(error);
    throw damaged(folder);
  }
  const format = z.object({ format: z.number() }).safeParse(json);
  if (format.success && format.data.format > 1) {
    throw new RagtuiError('unsupported', `${folder} was made by a newer ragtui.`, 'Update this one.');
  }
  const parsed = backupSchema.safeParse(json);
  if (!parsed.success) throw damaged(folder);
  return parsed.data;
}

const damaged = (folder: string): RagtuiError =>
  new RagtuiError('corrupt', `${path.join(folder, MANIFEST)} cannot be read.`, 'Use another backup.');
