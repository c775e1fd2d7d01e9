/** The worker of an evaluation: started by the supervisor with the job's folder. */
import { runEvaluation } from '../src/evaluation/run.ts';
import { runJobWorker } from '../src/jobs/worker.ts';

await runJobWorker('evaluate', runEvaluation);
