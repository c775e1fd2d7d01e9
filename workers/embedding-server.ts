// Serves one embedder over HTTP on loopback; the body of a `serve` job on our ONNX runtime.
import { runJobWorker } from '../src/jobs/worker.ts';
import { serveEmbedder } from '../src/serving/embedding/job.ts';

await runJobWorker('serve', serveEmbedder);
