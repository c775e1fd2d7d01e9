// Installs the engine of an `engine-install` job.

import { installForJob } from '../src/engines/job.ts';
import { runJobWorker } from '../src/jobs/worker.ts';

await runJobWorker('engine-install', installForJob);
