// The real supervisor with the tests' worker, which lies beside it once bundled.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { superviseJob } from '../../src/jobs/supervisor.ts';

const worker = path.join(path.dirname(fileURLToPath(import.meta.url)), 'jobs-worker.mjs');
await superviseJob(process.argv[2] ?? '', worker);
