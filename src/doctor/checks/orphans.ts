import { listJobs } from '../../jobs/registry.ts';
import type { Check } from '../types.ts';

/** Engines whose keepers were killed: they go on and hold memory. */
export const orphans: Check = {
  id: 'orphans',
  name: 'orphans',
  run: ({ paths }) => {
    const jobs = listJobs(paths);
    const left = jobs.filter((job) => job.orphans.length > 0);
    const lost = jobs.filter(({ state }) => state === 'lost').length;
    const [first] = left;
    if (!first)
      return {
        state: 'ok',
        detail: lost === 0 ? 'none' : `none; ${lost} jobs ended without a word (ragtui jobs list)`,
      };
    const pids = left.flatMap((job) => job.orphans).join(', ');
    return {
      state: 'warn',
      detail: `processes ${pids} of ${left.map(({ spec }) => spec.name).join(', ')} run though nobody watches them`,
      get: `ragtui jobs stop ${first.spec.id}`,
    };
  },
};
