import type { jobs as english } from '../en/jobs.ts';
import type { ActionTexts, Texts } from '../types.ts';

export const jobs: Texts<typeof english> = {
  'jobs.title': '任务',
};

/** Of the actions whose ids start with `jobs.`. */
export const jobsActions: ActionTexts = {};
