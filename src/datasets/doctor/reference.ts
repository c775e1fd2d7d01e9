import { readJob } from '../../jobs/registry.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';

/** `NAME[@VERSION][:PART]` in its pieces. */
export function parseReference(reference: string): { name: string; version: string | undefined; part: string } {
  const found = /^(.+?)(?:@(v-[0-9a-f]{12}))?(?::(.+))?$/.exec(reference);
  return { name: found?.[1] ?? reference, version: found?.[2], part: found?.[3] ?? 'all' };
}

/** What an evaluation measured on, as `NAME@VERSION:PART`. Errors: `not-found`, `usage` for another kind of job. */
export function runReference(paths: WorkspacePaths, id: string): string {
  const { work } = readJob(paths, id).spec;
  if (work.kind === 'evaluate') return `${work.dataset}@${work.version}:${work.split}`;
  throw new RagtuiError('usage', `${id} is no evaluation but a job of kind ${work.kind}.`, 'See "ragtui eval list".');
}
