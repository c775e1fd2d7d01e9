import type { KbClient } from '../kb/protocol.ts';
import type { Column } from '../rag/types.ts';
import type { Baseline } from './baselines.ts';
import { chunksOfContext } from './gold-chunks.ts';
import { NOTHING_TIMED } from './outcome.ts';
import { hashOf } from './plan.ts';
import { CEILING } from './types.ts';

/**
 * What perfect retrieval would score over these chunks: the gold passage's own chunks, best first in their order. Where the
 * knowledge base holds no document of the passage nothing is found: no search could.
 */
export function ceilingBaseline(
  kb: Pick<KbClient, 'call'>,
  base: string,
  { like, depth, signal }: { like: Column; depth: number; signal: AbortSignal },
): Baseline {
  const known = new Map<string, { document: string; texts: readonly string[] } | null>();
  const chunksOf = async (contextId: string) => {
    const found = known.get(contextId);
    if (found !== undefined) return found;
    const made = await chunksOfContext(kb, base, contextId, like.group, signal);
    known.set(contextId, made);
    return made;
  };
  return {
    name: CEILING,
    about: 'perfect retrieval: the chunks of the gold passage',
    answer: async (item) => {
      const chunks = item.contextId === '' ? null : await chunksOf(item.contextId);
      const texts = chunks?.texts.slice(0, Math.max(like.topK, depth)) ?? [];
      return {
        state: 'ok',
        finish: null,
        error: null,
        cut: '',
        usage: null,
        answerKey: hashOf([CEILING, item.question, chunks?.document ?? '', texts, like.topK]),
        output: null,
        context: null,
        retrieved: texts.map((text, at) => ({ document: chunks?.document ?? '', text, score: 1 / (at + 1) })),
        topK: like.topK,
        goldChunks: chunks?.texts.length ?? null,
        timing: NOTHING_TIMED,
      };
    },
  };
}
