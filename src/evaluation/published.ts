import type { DatasetManifest } from '../datasets/types.ts';

/** Results of others (LazyLLM's tutorial, chapter 9, design §7; people): shown beside ours, never tested against them. */
export interface Published {
  readonly system: string;
  readonly source: string;
  /** Shares by the name of our metric. */
  readonly metrics: Readonly<Record<string, number>>;
}

const SOURCE = 'LazyLLM tutorial, chapter 9: sampled decoding, no intervals';
const COSINE = 'cosine@bge-large-zh-v1.5';

const LLM: readonly Published[] = [
  llm('InternLM2-Chat-7B', 0.021, 0.7451, 0.0519),
  llm('InternLM2-Chat-7B fine-tuned', 0.3972, 0.8619, 0.9491),
  llm('DeepSeek-V3', 0.0529, 0.7485, 0.1517),
];
const EMBEDDER: readonly Published[] = [
  embedder('bge-large-zh-v1.5 (without instruction)', 0.7828, 0.7571),
  embedder('bge-large-zh-v1.5 fine-tuned (with instruction)', 0.8857, 0.8657),
];

/** Nobody published how people do on the public development set; the board has them on the hidden one of the same making. */
const HUMAN: Published = {
  system: 'people, on the hidden test set (other questions)',
  source: 'CMRC 2018 leaderboard (ymcui.com/cmrc2018), after Cui et al., EMNLP 2019',
  metrics: { 'cmrc-em': 0.924, 'cmrc-f1': 0.97914 },
};

function llm(system: string, exact: number, cosine: number, origin: number): Published {
  return { system, source: SOURCE, metrics: { exact, [COSINE]: cosine, 'origin-tutorial': origin } };
}

function embedder(system: string, recall: number, relevance: number): Published {
  return { system, source: SOURCE, metrics: { 'context-recall': recall, 'context-relevance': relevance } };
}

/** What was published on this very data: the CMRC trial or development set, or the tutorial's split of financial-qa-10K. */
export function publishedResults(
  dataset: Pick<DatasetManifest, 'lineage' | 'rows' | 'contexts'>,
  split: string,
): readonly Published[] {
  const { format } = dataset.lineage.source;
  if (format === 'cmrc' && dataset.rows === 1002 && dataset.contexts === 256 && split === 'all') return LLM;
  if (format === 'cmrc' && dataset.rows === 3219 && dataset.contexts === 848 && split === 'all') return [HUMAN];
  if (format === 'financial-qa' && dataset.rows === 7000 && /^tutorial(\/|$)|^test$/.test(split)) return EMBEDDER;
  return [];
}
