// Downloads the models of a `pull` job.

import { pullForJob } from '../src/jobs/pull.ts';
import { runJobWorker } from '../src/jobs/worker.ts';

await runJobWorker('pull', pullForJob);
