import { type AnyDataset, openDataset } from '../datasets/open.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { Training } from './types.ts';

/** The dataset of a training; `name@version` names a version. Throws `not-found`, `usage` for a part that is not there. */
export function openTrainingData(paths: WorkspacePaths, { dataset, split }: Training): AnyDataset {
  const [name = '', version] = dataset.split('@');
  const opened = openDataset(paths, name, version === undefined ? {} : { version });
  opened.count(part(split));
  return opened;
}

/** `all` means every row. */
export const part = (split: string): string | undefined => (split === 'all' ? undefined : split);
