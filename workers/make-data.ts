// Makes the dataset of a `make-data` job: negatives, damaged copies, questions, preferences.
import { makeData } from '../src/datasets/making/run.ts';
import { runJobWorker } from '../src/jobs/worker.ts';

await runJobWorker('make-data', makeData);
