import { compare } from './compare.ts';
import { embedding } from './embedding.ts';
import { evaluation } from './eval.ts';
import { evaluationScreen } from './eval-screen.ts';
import { figures } from './figures.ts';
import { ingest } from './ingest.ts';
import { llm } from './llm.ts';
import { llmParallel } from './llm-parallel.ts';
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
