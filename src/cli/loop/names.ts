import { DEFAULT_CHAT_MODEL, DEFAULT_EMBEDDERS } from '../../models/catalogue.ts';

/** What the loop calls what it uses and makes. */
export const NAMES = {
  financial: 'financial-qa',
  cmrc: 'cmrc-trial',
  kb: 'financial-test',
  llm: DEFAULT_CHAT_MODEL,
  adapter: 'financial-sft',
  embedderBase: 'all-minilm-l6-v2-base',
  /** The base as an embedder, by the same exporter as the tuned one. */
  embedder: 'all-minilm-l6-v2-exported',
  tunedEmbedder: 'financial-minilm',
  /** Compares answers for cosine; no column's own. */
  metricEmbedder: DEFAULT_EMBEDDERS.en,
} as const;

export const SEED = 1314;
