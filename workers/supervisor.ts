// Runs the worker of one job: `node supervisor.js JOB_FOLDER`. Started by src/jobs/launcher.ts in its own session.
import { superviseJob } from '../src/jobs/supervisor.ts';

await superviseJob(process.argv[2] ?? '');
