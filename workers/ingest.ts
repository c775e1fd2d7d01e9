/** The worker of an ingest job: started by the supervisor with the job's folder. */
import { runJobWorker } from '../src/jobs/worker.ts';
import { runIngestJob } from '../src/kb/ingest/job.ts';

await runJobWorker('ingest', runIngestJob);
