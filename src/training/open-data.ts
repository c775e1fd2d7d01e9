import { type AnyDataset, openDataset } from '../datasets/open.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { Training } from './types.ts';

/** The dataset of a training; `name@version` names a version. Throws `not-found`, `usage` for a part that is not there. */
export function openTrainingData(
  paths: WorkspacePaths,
  { dataset, split }: Pick<Training, 'dataset' | 'split'>,
): AnyDataset {
  const [name = '', version] = dataset.split('@');
  const opened = openDataset(paths, name, version === undefined ? {} : { version });
  opened.count(part(split));
  return opened;
}

/** The name of a dataset with its version: what a job is told, which may be resumed when there is a newer one. Pure. */
export const withVersion = ({ manifest }: Pick<AnyDataset, 'manifest'>): string =>
  `${manifest.name}@${manifest.version}`;

/** `all` means every row. */
export const part = (split: string): string | undefined => (split === 'all' ? undefined : split);
