import { z } from 'zod';
import { languageOf } from '../../kb/language.ts';
import { resolveReranker, startReranker } from '../../models/embedder-client.ts';
import { toRagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { Message } from '../../rag/types.ts';
import { Asker, GaveUp } from '../making/ask.ts';
import { Journal, keyOf } from '../making/journal.ts';
import { judgePrompt } from '../making/prompts.ts';
import type { Made, MakingOf } from '../making/types.ts';
import type { Usage } from '../making/usage.ts';
import type { Vote } from './mine.ts';

const votedSchema = z.object({
  /** A cross-encoder's score, or 1 for yes and 0 for no of an LLM; null: it said neither. */
  score: z.number().nullable(),
  promptTokens: z.number().nullable(),
  completionTokens: z.number().nullable(),
});

export interface Votes {
  readonly all: readonly Vote[];
  readonly usage?: () => Usage;
  readonly cost?: () => Made['cost'];
  close(): Promise<void>;
}

interface Wish {
  readonly paths: WorkspacePaths;
  readonly folder: string;
  readonly work: MakingOf<'negatives'>;
  readonly signal: AbortSignal;
  readonly onNote: (text: string) => void;
}

/** Starts the voters of an audit, if it has any. Each vote is kept in the journal of the job. */
export async function startVotes({ paths, folder, work, signal, onNote }: Wish): Promise<Votes> {
  const { reranker, judge } = work.audit;
  if (!reranker && !judge) return { all: [], close: async () => {} };
  const journal = Journal.open(paths, folder, work, votedSchema);
  const all: Vote[] = [];
  const closers: (() => Promise<void> | void)[] = [() => journal.close()];
  const close = async () => {
    for (const one of closers.reverse()) await one();
  };
  try {
    if (reranker) {
      const { id, threshold } = reranker;
      const child = await startReranker(resolveReranker(paths, id));
      closers.push(() => child.close());
      all.push(async ({ query }, passage) => {
        const score = await remembered(journal, ['reranker', id, query, passage], async () => {
          const [only = 0] = await child.rerank(query, [passage], signal);
          return { score: only, promptTokens: null, completionTokens: null };
        });
        if (score.score === null || score.score < threshold) return undefined;
        return { rule: 'reranker', detail: `${id} gives it ${score.score.toFixed(3)}` };
      });
    }
    if (!judge) return { all, close };
    const asker = await Asker.start(paths, judge.llm, { signal, onStatus: onNote });
    all.push(async ({ query }, passage) => {
      const messages = judgePrompt(languageOf(passage).language, query, passage);
      const vote = await oneVote(messages);
      return vote === 1 ? { rule: 'judge', detail: `${judge.llm} says that it answers the question` } : undefined;
    });
    return { all, usage: () => asker.usage, cost: () => asker.cost, close };

    /** Null: the judge said neither, or this one request failed: the negative then stays. */
    async function oneVote(messages: Message[]): Promise<number | null> {
      const sampling = { temperature: 0, seed: work.seed, maxTokens: 16 };
      try {
        const vote = await remembered(journal, ['judge', judge?.llm, messages], async () => {
          const { text, promptTokens, completionTokens } = await asker.ask(messages, sampling);
          return { score: yesOrNo(text), promptTokens, completionTokens };
        });
        asker.count({ text: '', finish: 'stop', ...vote });
        return vote.score;
      } catch (error) {
        if (signal.aborted || error instanceof GaveUp) throw error;
        onNote(`A vote of the judge failed: ${toRagtuiError(error).message}`);
        return null;
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
}

async function remembered<T>(journal: Journal<T>, asked: unknown, ask: () => Promise<T>): Promise<T> {
  const key = keyOf(asked);
  const known = journal.get(key);
  if (known !== undefined) return known;
  const value = await ask();
  journal.put(key, value);
  return value;
}

/** The first yes or no of a judge's words. */
export function yesOrNo(text: string): 0 | 1 | null {
  const found = /\b(yes|no)\b|[是否能不]/i.exec(text)?.[0]?.toLowerCase();
  if (found === undefined) return null;
  return found === 'yes' || found === '是' || found === '能' ? 1 : 0;
}
