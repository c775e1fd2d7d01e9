import type { DatasetManifest } from './types.ts';

/**
 * The part of a dataset whose rows a training on `trained` did not see: of the same split the part `test`, else the first
 * that is neither the trained one nor `validation`. Null where there is none: a training on all rows leaves nothing out.
 * Pure.
 */
export function heldOutPart({ splits }: Pick<DatasetManifest, 'splits'>, trained: string): string | null {
  const slash = trained.lastIndexOf('/');
  const split = splits.find(({ name }) => slash > 0 && name === trained.slice(0, slash));
  if (!split) return null;
  const others = split.parts
    .map(({ name }) => name)
    .filter((name) => `${split.name}/${name}` !== trained && name !== 'validation' && name !== 'dev');
  const part = others.find((name) => name === 'test') ?? others[0];
  return part === undefined ? null : `${split.name}/${part}`;
}
