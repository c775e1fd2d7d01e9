/** Words of the jobs screen. Keys start with `jobs.`. */
export const jobs = {
  'jobs.title': 'Jobs',
} as const;
