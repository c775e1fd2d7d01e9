// The real supervisor with the tests' workers, which lie beside it once bundled.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { superviseJob } from '../../src/jobs/supervisor.ts';

const folder = process.argv[2] ?? '';
const worker = path.basename(folder).includes('-train-llm-') ? 'jobs-trainer.mjs' : 'jobs-worker.mjs';
await superviseJob(folder, path.join(path.dirname(fileURLToPath(import.meta.url)), worker));
