import { bigIngest } from './big-ingest.ts';
import { compare } from './compare.ts';
import { embedding } from './embedding.ts';
import { evaluation, peersEvaluation } from './eval.ts';
import { evaluationScreen } from './eval-screen.ts';
import { figures } from './figures.ts';
import { ingest } from './ingest.ts';
import { llm } from './llm.ts';
import { llmParallel } from './llm-parallel.ts';
import { peersEmbedding } from './peers-embedding.ts';
import { peersIngest } from './peers-ingest.ts';
import { peersRetrieval } from './peers-retrieval.ts';
import { retrieval } from './retrieval.ts';
import { start } from './start.ts';
import { terminal } from './terminal.ts';
import type { Benchmark } from './types.ts';

/** In the order they run. */
export const benchmarks: readonly Benchmark[] = [
  start,
  terminal,
  compare,
  embedding,
  ingest,
  retrieval,
  llm,
  llmParallel,
  evaluation,
  evaluationScreen,
  figures,
];

/** `--peers`: what others do too, beside them. */
export const besidePeers: readonly Benchmark[] = [
  peersEmbedding,
  peersIngest,
  peersRetrieval,
  peersEvaluation,
  terminal,
  start,
];

/** By name only: as long as one likes. */
export const bySize: readonly Benchmark[] = [bigIngest];
