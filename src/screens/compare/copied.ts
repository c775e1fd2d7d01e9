import { copiedSpans } from '../../rag/copied-spans.ts';
import type { Answer } from '../../rag/types.ts';
import type { HighlightRange } from '../../ui/stream-model.ts';
import { drawable } from '../drawable.ts';

/** What of an answer stands word for word in its passages, and where in which. */
export interface Copied {
  readonly answer: readonly HighlightRange[];
  /** By the passage's place in the hits. */
  readonly passages: readonly (readonly HighlightRange[])[];
  /** Share of the answer's characters, 0 to 1. */
  readonly share: number;
  /** Ranks of the passages it was copied from. */
  readonly from: readonly number[];
}

export function copiedOf({ answer, hits }: Pick<Answer, 'answer' | 'hits'>): Copied {
  const spans = copiedSpans(
    drawable(answer),
    hits.map(({ text }) => drawable(text)),
  );
  const length = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  // Signs at the ends that no passage needs to have: the full stop of a sentence.
  const words = answer.replace(/[\s\p{P}]+/gu, '').length;
  const copied = spans.reduce(
    (sum, { start, end }) => sum + answer.slice(start, end).replace(/[\s\p{P}]+/gu, '').length,
    0,
  );
  return {
    answer: spans.map(({ start, end }) => ({ start, end, style: 'good' as const })),
    passages: hits.map((_, source) =>
      spans
        .filter((span) => span.source === source)
        .map(({ sourceStart, sourceEnd }) => ({ start: sourceStart, end: sourceEnd }))
        .sort((a, b) => a.start - b.start),
    ),
    share: words === 0 || length === 0 ? 0 : Math.min(1, copied / words),
    from: [...new Set(spans.map(({ source }) => source + 1))].sort((a, b) => a - b),
  };
}
