import { createHash } from 'node:crypto';
import type { NodeGroup } from '../types.ts';

export interface RecipeParts {
  readonly loaderVersion: string;
  readonly splitterVersion: string;
  readonly groups: readonly NodeGroup[];
  /** Fingerprints of the embedders. */
  readonly embedders: readonly string[];
}

/** Hash of everything but a file's bytes that decides what it becomes; a source done with another one is done again. */
export function ingestRecipe(parts: RecipeParts): string {
  const canonical = JSON.stringify([
    parts.loaderVersion,
    parts.splitterVersion,
    [...parts.groups].sort((a, b) => a.name.localeCompare(b.name)).map((group) => Object.entries(group).sort()),
    [...parts.embedders].sort(),
  ]);
  return createHash('sha256').update(canonical).digest('hex').slice(0, 32);
}
