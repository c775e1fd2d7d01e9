import { isObject, type JsonObject } from '../records/types.ts';
import type { QaRow } from '../types.ts';
import { contextIdOf, emptyFields, textField } from './fields.ts';
import { type Imported, type RecordPlace, skipped, warning } from './types.ts';

interface Passage {
  readonly contextId: string;
  readonly context: string;
  readonly title: string | undefined;
  readonly questions: readonly unknown[];
}

/**
 * Question sets nested under their texts. Two layouts: a list of `{context_id, context_text, qas: [{query_id,
 * query_text, answers: [text]}]}` (CMRC 2018) and `{data: [{title, paragraphs: [{context, qas: [{id, question,
 * answers: [{text, answer_start}], is_impossible?}]}]}]}` (SQuAD, CMRC's other layout).
 */
export function* articleRows(article: JsonObject, { line, index }: RecordPlace): Generator<Imported<'qa'>> {
  let number = 0;
  const paragraphs = Array.isArray(article['paragraphs']) ? article['paragraphs'] : [article];
  for (const paragraph of paragraphs) {
    const passage = passageOf(isObject(paragraph) ? paragraph : {}, article);
    if (typeof passage === 'string') {
      yield skipped(line, passage);
      continue;
    }
    for (const question of passage.questions) yield* questionOf(passage, question, line, `row-${index}-${number++}`);
  }
}

export const hasParagraphs = (article: JsonObject): boolean =>
  Array.isArray(article['paragraphs']) && article['paragraphs'].some((one) => isObject(one) && 'qas' in one);

function passageOf(paragraph: JsonObject, article: JsonObject): Passage | string {
  const context = textField(paragraph, 'context_text', 'context');
  if (context === undefined) return 'a text has no "context_text" and no "context".';
  const questions = paragraph['qas'];
  if (!Array.isArray(questions)) return 'a text has no list "qas".';
  return {
    contextId: textField(paragraph, 'context_id', 'id') || contextIdOf(context),
    context,
    title: textField(article, 'title') ?? textField(paragraph, 'title'),
    questions,
  };
}

function* questionOf(passage: Passage, value: unknown, line: number, fallbackId: string): Generator<Imported<'qa'>> {
  const asked = isObject(value) ? value : undefined;
  const question = asked && textField(asked, 'query_text', 'question');
  const id = (asked && textField(asked, 'query_id', 'id')) || fallbackId;
  if (!asked || question === undefined) {
    yield skipped(line, `${id}: it has no "query_text" and no "question".`);
    return;
  }
  const impossible = asked['is_impossible'] === true;
  const { answers, start, numbers } = answersOf(impossible ? [''] : asked['answers']);
  const [first] = answers;
  if (first === undefined) {
    yield skipped(line, `${id}: it has no answer.`);
    return;
  }
  const empty = impossible ? undefined : emptyFields({ context: passage.context, question, answer: first });
  if (empty) yield warning(line, `${id}: ${empty}.`);
  if (numbers > 0) yield warning(line, `${id}: ${numbers} of its answers are numbers, not text; kept as text.`);
  const metadata: QaRow['metadata'] = {
    ...(passage.title ? { title: passage.title } : {}),
    ...(start === undefined ? {} : { answerStart: start }),
    // SQuAD 2.0: the text holds no answer. The row has an empty one, so it is neither trained on nor asked.
    ...(impossible ? { impossible: true } : {}),
  };
  yield { row: { id, contextId: passage.contextId, context: passage.context, question, answers, metadata } };
}

function answersOf(value: unknown): { answers: string[]; start: number | undefined; numbers: number } {
  const answers: string[] = [];
  let start: number | undefined;
  let numbers = 0;
  for (const one of Array.isArray(value) ? value : []) {
    const object = isObject(one) ? one : undefined;
    const raw = object ? object['text'] : one;
    if (typeof raw !== 'string' && typeof raw !== 'number') continue;
    if (typeof raw === 'number') numbers++;
    const at = object?.['answer_start'];
    if (answers.length === 0 && typeof at === 'number') start = at;
    answers.push(String(raw));
  }
  return { answers, start, numbers };
}
