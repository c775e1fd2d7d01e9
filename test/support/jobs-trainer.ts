// A worker for tests of queues: trains nothing, tells which GPUs it was given, and ends when there is a file `go`.
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runJobWorker } from '../../src/jobs/worker.ts';

await runJobWorker('train-llm', async ({ folder, gpus, signal }) => {
  // Stands for the engine: goes on when its keepers are killed, as engines do.
  const engine = spawn('sleep', ['300'], { stdio: 'ignore' });
  const seen = { gpus, visible: process.env['CUDA_VISIBLE_DEVICES'] ?? null, engine: engine.pid };
  writeFileSync(path.join(folder, 'seen'), JSON.stringify(seen));
  while (!existsSync(path.join(folder, 'go')) && !signal.aborted) await delay(20);
  engine.kill('SIGKILL');
});
