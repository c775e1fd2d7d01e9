import { readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from '../jobs/folder.ts';
import { hostNameSchema } from './types.ts';

/**
 * `far.json`, in the folder of a job and of what it works on: which run on which host is theirs. `open`: it may go on
 * there, or what it left has not been brought here yet. Apart from what asks hosts: every list of jobs reads it.
 */
const farFileSchema = z.object({
  host: hostNameSchema,
  run: z.string().regex(/^[A-Za-z0-9._-]+$/),
  open: z.boolean(),
});
export type FarFile = z.infer<typeof farFileSchema>;

const farFile = (folder: string): string => path.join(folder, 'far.json');
export const readFar = (folder: string): FarFile | undefined => readJsonFile(farFile(folder), farFileSchema);
export const keepFar = (folder: string, far: FarFile): void => writeJsonFile(farFile(folder), far, { durable: true });

/** Nothing of a run is left there that is not here: whichever jobs began or followed it have no part in it any more. */
export function closeFar(jobs: string, run: string): void {
  for (const name of readdirSync(jobs)) {
    const far = readFar(path.join(jobs, name));
    if (far?.open && far.run === run) keepFar(path.join(jobs, name), { ...far, open: false });
  }
}
