/** The worker of a judge: started by the supervisor with the job's folder. */
import { judgeRun } from '../src/evaluation/judge/run.ts';
import { runJobWorker } from '../src/jobs/worker.ts';

await runJobWorker('judge', judgeRun);
