// Serves one GGUF model over HTTP on loopback; the body of a `serve` job.
import { runJobWorker } from '../src/jobs/worker.ts';
import { serveLlama } from '../src/serving/llama/job.ts';

await runJobWorker('serve', serveLlama);
