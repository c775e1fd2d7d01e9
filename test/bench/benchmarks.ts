import { embedding } from './embedding.ts';
import { ingest } from './ingest.ts';
import { llm } from './llm.ts';
import { retrieval } from './retrieval.ts';
import type { Benchmark } from './types.ts';

/** In the order they run. */
export const benchmarks: readonly Benchmark[] = [embedding, ingest, retrieval, llm];
