// Runs a vLLM server with a base and its adapters; the body of a `serve` job on the engine vllm.
import { runJobWorker } from '../src/jobs/worker.ts';
import { serveVllm } from '../src/serving/vllm/job.ts';

await runJobWorker('serve', serveVllm);
