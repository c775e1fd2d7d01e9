import { defaultMetrics, findMetric } from '../../evaluation/metrics/registry.ts';
import type { ScoredItem } from '../../evaluation/metrics/types.ts';
import type { Answer, Column } from '../types.ts';
import { isChinese } from './answer-vectors.ts';

/** By name of the metric; null where it does not apply. */
export type Scores = Readonly<Record<string, number | null>>;

/** What is known to be right about a question. */
export interface Known {
  readonly references?: readonly string[];
  /** The gold passage. */
  readonly passage?: string;
  /** Of the answer and the first reference, by the metric's embedder; without them there is no cosine. */
  readonly vectors?: ScoredItem['vectors'] | null;
}

/**
 * Scores one answer with the usual metrics of the registry that apply: those of answers when a reference is known
 * (those of CMRC too in Chinese; cosine when the vectors are at hand), those of retrieval when the gold passage is. Empty
 * when neither is. Pure and quick enough for a UI.
 */
export function scoreAnswer(
  answer: Pick<Answer, 'question' | 'answer' | 'hits'>,
  column: Pick<Column, 'llm' | 'context' | 'topK'>,
  known: Known,
): Scores {
  const { references = [], passage, vectors } = known;
  const asked = column.llm !== 'none' && references.length > 0;
  const searched = column.context === 'retrieved' && passage !== undefined;
  const item: ScoredItem = {
    question: answer.question,
    goldContext: passage ?? '',
    contextId: '',
    answers: references,
    output: asked ? answer.answer : null,
    context: contextOf(answer, column, passage),
    retrieved: searched ? answer.hits.map(({ text, document }) => ({ text, document })) : null,
    topK: column.topK,
    ...(vectors ? { vectors } : {}),
  };
  const chinese = isChinese({ question: answer.question, references });
  const [embedder = null] = Object.keys(vectors ?? {});
  const metrics = defaultMetrics({ answers: asked, retrieval: searched, embedder, chinese })
    .map(findMetric)
    // A search that went less deep says nothing about what lies deeper.
    .filter(({ depth = 1 }) => depth <= column.topK);
  return Object.fromEntries(metrics.map((metric) => [metric.name, metric.score(item)]));
}

/** What the LLM read. */
function contextOf(
  { hits }: Pick<Answer, 'hits'>,
  { context }: Pick<Column, 'context'>,
  passage: string | undefined,
): string | null {
  if (context === 'none') return null;
  return context === 'gold' ? (passage ?? null) : hits.map(({ text }) => text).join('');
}
