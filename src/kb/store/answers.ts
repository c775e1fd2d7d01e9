import { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import type { ParsedParams, Result } from '../protocol.ts';
import { now, type StoreContext } from './context.ts';

/** What history needs to know of an answer; the rest is kept as it came. */
const keptAnswer = z.looseObject({ question: z.string(), pipeline: z.looseObject({ kb: z.string() }) });

export async function addAnswer(context: StoreContext, params: ParsedParams<'answers.add'>) {
  const answer = keptAnswer.safeParse(params.answer);
  if (!answer.success) throw new RagtuiError('invalid', 'That is not an answer: it has no question or knowledge base.');
  const { question, pipeline } = answer.data;
  const id = await context.db.writer.run(() =>
    context.write.answers.insert(now(), pipeline.kb, question, JSON.stringify(params.answer)),
  );
  return { id };
}

export function listAnswers(context: StoreContext, params: ParsedParams<'answers.list'>): Result<'answers.list'> {
  return context.read.answers.list(params.filter, params.limit).map((row) => ({
    id: row.id,
    at: row.at,
    kb: row.kb,
    question: row.question,
    answer: JSON.parse(row.body),
  }));
}

export async function removeAnswer(context: StoreContext, id: number): Promise<void> {
  const removed = await context.db.writer.run(() => context.write.answers.remove(id));
  if (!removed) throw new RagtuiError('not-found', `There is no answer ${id} in the history.`);
}
