import type { KbClient } from '../kb/protocol.ts';
import { tokenize } from '../kb/retrieve/segment.ts';
import type { Column } from '../rag/types.ts';
import type { GoldChunks } from './gold-chunks.ts';
import { keptHits, NOTHING_TIMED, type Outcome } from './outcome.ts';
import { type EvaluationItem, hashOf } from './plan.ts';
import { Random } from './statistics/random.ts';
import type { BaselineName } from './types.ts';

/** A row that needs no model: what the columns must beat to be worth anything. */
export interface Baseline {
  readonly name: BaselineName;
  readonly about: string;
  answer(item: EvaluationItem): Promise<Outcome>;
}

const ANSWER = {
  state: 'ok',
  finish: null,
  error: null,
  retrieved: null,
  cut: '',
  usage: null,
  topK: 1,
  goldChunks: null,
} as const;

/** Rows beside LLM columns. `items` are all of the run, for the answers of others. */
export function answerBaselines(items: readonly EvaluationItem[], seed: number): Baseline[] {
  const others = answersOfOthers(items, seed);
  const make = (name: BaselineName, about: string, output: (item: EvaluationItem) => string): Baseline => ({
    name,
    about,
    answer: async (item) => {
      const text = output(item);
      return {
        ...ANSWER,
        answerKey: hashOf([name, item.question, item.context, text]),
        state: text === '' ? 'empty' : 'ok',
        output: text,
        context: item.context,
        timing: NOTHING_TIMED,
      };
    },
  });
  return [
    make('copy-sentence', 'the sentence of the gold passage that shares most words with the question', (item) =>
      bestSentence(item.context, item.question),
    ),
    make('empty', 'no answer at all', () => ''),
    make('shuffled-answer', 'the gold answer to another question', (item) => others.get(item.id) ?? ''),
  ];
}

/** BM25 over the same chunks as the first column that retrieves. */
export function bm25Baseline(
  kb: Pick<KbClient, 'call'>,
  base: string,
  options: { depth: number; like: Column; gold: GoldChunks; signal: AbortSignal },
): Baseline {
  const { like, depth, gold, signal } = options;
  return {
    name: 'bm25',
    about: 'word search without any model',
    answer: async (item) => {
      const startedAt = performance.now();
      const { hits } = await kb.call(
        'search',
        {
          kb: base,
          query: item.question,
          mode: 'bm25',
          topK: Math.max(like.topK, depth),
          ...(like.group === undefined ? {} : { group: like.group }),
        },
        { signal },
      );
      return {
        ...ANSWER,
        answerKey: hashOf(['bm25', item.question, hits.map(({ document, text }) => [document, text]), like.topK]),
        output: null,
        context: null,
        retrieved: keptHits(hits),
        topK: like.topK,
        goldChunks: await gold.count(item.contextId, like.group, signal),
        timing: { ...NOTHING_TIMED, retrievalMs: performance.now() - startedAt },
      };
    },
  };
}

/** Of each item the first answer of another one, from another context where there is one. */
function answersOfOthers(items: readonly EvaluationItem[], seed: number): Map<string, string> {
  const shuffled = new Random(seed).shuffled(items);
  return new Map(
    items.map((item, index) => {
      const rotated = [...shuffled.slice(index + 1), ...shuffled.slice(0, index + 1)];
      const other =
        rotated.find(({ contextId }) => contextId !== item.contextId) ?? rotated.find(({ id }) => id !== item.id);
      return [item.id, other?.answers[0] ?? ''];
    }),
  );
}

const SENTENCE = /[^。！？!?；;\n]*?(?:[。！？!?；;\n]+|\.(?=\s|$)|$)/gu;

/** The sentence with most different tokens of the question, the first of equals. Pure. */
export function bestSentence(context: string, question: string): string {
  const wanted = new Set(tokenize(question, 'document').map(({ text }) => text));
  let best = '';
  let most = -1;
  for (const [piece] of context.matchAll(SENTENCE)) {
    const sentence = piece.trim();
    if (sentence === '') continue;
    const shared = new Set(tokenize(sentence, 'document').map(({ text }) => text));
    const count = [...wanted].filter((token) => shared.has(token)).length;
    if (count > most) [best, most] = [sentence, count];
  }
  return best;
}
