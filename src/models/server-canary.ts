import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { writeJsonAtomic } from '../platform/files.ts';
import { parseJson } from '../platform/json.ts';

/** What came of looking whether one server of an embedder still gives the vectors that the embedder promised. */
export const serverCanarySchema = z.object({
  /** As it may be shown. */
  url: z.string(),
  /** When it was looked, ms since 1970. */
  at: z.number(),
  kept: z.boolean(),
  /** Of the text that differs most; 0 where vectors of another length came. */
  cosine: z.number(),
});
export type ServerCanary = z.infer<typeof serverCanarySchema>;

const PREFIX = 'canary-';
const isCanary = (name: string): boolean => name.startsWith(PREFIX) && name.endsWith('.json');

/** Writes down the newest look at a server, for those who look from other processes. A full disk leaves the one before. */
export function keepCanary(folder: string, canary: ServerCanary): void {
  const name = createHash('sha256').update(canary.url).digest('hex').slice(0, 16);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeJsonAtomic(path.join(folder, `${PREFIX}${name}.json`), canary);
  } catch {}
}

/** The newest look at each server, whoever made it; small files. */
export function readCanaries(folder: string): readonly ServerCanary[] {
  try {
    return readdirSync(folder)
      .filter(isCanary)
      .flatMap((name) => {
        const parsed = serverCanarySchema.safeParse(parseJson(readFileSync(path.join(folder, name), 'utf8')));
        return parsed.success ? [parsed.data] : [];
      });
  } catch {
    return [];
  }
}

/** Another promise was made: how near servers were to the one before says nothing any more. */
export function forgetCanaries(folder: string): void {
  try {
    for (const name of readdirSync(folder).filter(isCanary)) rmSync(path.join(folder, name), { force: true });
  } catch {}
}
