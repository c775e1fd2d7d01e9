import type { DatasetManifest } from './types.ts';

/**
 * The part of a dataset whose rows a training on `trained` did not see: of the same split the part `test`, else the first
 * that is neither the trained one nor `validation`. Null where there is none: a training on all rows leaves nothing out,
 * and in another version than `version`, the one that was trained on, the rows may have been dealt anew. Pure.
 */
export function heldOutPart(
  { splits, version: current }: Pick<DatasetManifest, 'splits' | 'version'>,
  trained: string,
  version: string = current,
): string | null {
  if (version !== current) return null;
  // A part may be named alone (`train`) where one split only has it, as everywhere.
  const owners = splits.filter((one) =>
    one.parts.some(({ name }) => name === trained || `${one.name}/${name}` === trained),
  );
  const [split] = owners;
  if (!split || owners.length > 1) return null;
  const others = split.parts
    .map(({ name }) => name)
    .filter((name) => name !== trained && `${split.name}/${name}` !== trained)
    .filter((name) => name !== 'validation' && name !== 'dev');
  const part = others.find((name) => name === 'test') ?? others[0];
  return part === undefined ? null : `${split.name}/${part}`;
}
