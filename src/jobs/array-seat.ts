import path from 'node:path';
import type { Seat } from '../hosts/slurm/gather.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { JobSpec } from './types.ts';

/** Where the trainings of an array meet: in the folder of their recipe's job. Undefined: this job is of none. */
export function seatOf(paths: WorkspacePaths, { array }: Pick<JobSpec, 'array'>): Seat | undefined {
  if (!array) return undefined;
  const { recipe, group, ...seat } = array;
  return { ...seat, folder: path.join(paths.jobs, recipe, 'arrays', String(group)), array: `${recipe}-${group}` };
}
