// Installs the engine of an `engine-install` job.

import { installForJob } from '../src/engines/job.ts';
import { prepareHost } from '../src/hosts/prepare.ts';
import { runJobWorker } from '../src/jobs/worker.ts';

await runJobWorker('engine-install', (context) =>
  context.work.launcher === undefined ? installForJob(context) : prepareHost(context),
);
