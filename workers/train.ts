// Trains the model of a `train-llm` or `train-embedder` job.

import { jobFiles, readJsonFile, specFileSchema } from '../src/jobs/folder.ts';
import { runJobWorker } from '../src/jobs/worker.ts';
import { alone } from '../src/training/alone.ts';
import { trainEmbedder } from '../src/training/embedder.ts';
import { trainLlm } from '../src/training/llm.ts';

// Engines write files too, with what we forbid.
process.umask(0o077);
const spec = readJsonFile(jobFiles(process.argv[2] ?? '').spec, specFileSchema);
if (spec?.work.kind === 'train-embedder')
  await runJobWorker('train-embedder', (context) => alone(context, () => trainEmbedder(context)));
else await runJobWorker('train-llm', (context) => alone(context, () => trainLlm(context)));
