// Asks a server with more and more requests at a time, for a `load-test` job.
import { runJobWorker } from '../src/jobs/worker.ts';
import { runLoadTestJob } from '../src/serving/load-test/job.ts';

await runJobWorker('load-test', runLoadTestJob);
