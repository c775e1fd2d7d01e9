// Builds the index of another embedder beside the live one of a knowledge base.

import { runJobWorker } from '../src/jobs/worker.ts';
import { runShadowJob } from '../src/kb/shadow/job.ts';

await runJobWorker('shadow', runShadowJob);
