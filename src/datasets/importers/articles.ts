import type { QaRow } from '../types.ts';
import { asObject, contextIdOf, emptyFields, type JsonObject, parseObject, textField } from './fields.ts';
import { jsonElements } from './json-elements.ts';
import { type Imported, type ImportSource, skipped, warning } from './types.ts';

interface Passage {
  readonly contextId: string;
  readonly context: string;
  readonly title: string | undefined;
  readonly questions: readonly unknown[];
}

/**
 * Question sets nested under their texts. Two layouts: a list of `{context_id, context_text, qas: [{query_id,
 * query_text, answers: [text]}]}` (CMRC 2018) and `{data: [{title, paragraphs: [{context, qas: [{id, question,
 * answers: [{text, answer_start}]}]}]}]}` (SQuAD, CMRC's other layout).
 */
export async function* readArticles(source: ImportSource): AsyncGenerator<Imported<'qa'>> {
  let number = 0;
  for await (const element of jsonElements(source.text, 'data')) {
    const article = parseObject(element);
    if (typeof article === 'string') {
      yield skipped(element.line, `${article}.`);
      continue;
    }
    const paragraphs = Array.isArray(article['paragraphs']) ? article['paragraphs'] : [article];
    for (const paragraph of paragraphs) {
      const passage = passageOf(asObject(paragraph) ?? {}, article);
      if (typeof passage === 'string') {
        yield skipped(element.line, passage);
        continue;
      }
      for (const question of passage.questions) yield* questionOf(passage, question, element.line, number++);
    }
  }
}

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

function* questionOf(passage: Passage, value: unknown, line: number, number: number): Generator<Imported<'qa'>> {
  const asked = asObject(value);
  const question = asked && textField(asked, 'query_text', 'question');
  const id = (asked && textField(asked, 'query_id', 'id')) || `row-${number}`;
  if (!asked || question === undefined) {
    yield skipped(line, `${id}: it has no "query_text" and no "question".`);
    return;
  }
  const { answers, start, numbers } = answersOf(asked['answers']);
  const [first] = answers;
  if (first === undefined) {
    const why = asked['is_impossible'] === true ? 'it is marked as impossible to answer' : 'it has no answer';
    yield skipped(line, `${id}: ${why}.`);
    return;
  }
  const empty = emptyFields({ context: passage.context, question, answer: first });
  if (empty) yield warning(line, `${id}: ${empty}.`);
  if (numbers > 0) yield warning(line, `${id}: ${numbers} of its answers are numbers, not text; kept as text.`);
  const metadata: QaRow['metadata'] = {
    ...(passage.title ? { title: passage.title } : {}),
    ...(start === undefined ? {} : { answerStart: start }),
  };
  yield { row: { id, contextId: passage.contextId, context: passage.context, question, answers, metadata } };
}

function answersOf(value: unknown): { answers: string[]; start: number | undefined; numbers: number } {
  const answers: string[] = [];
  let start: number | undefined;
  let numbers = 0;
  for (const one of Array.isArray(value) ? value : []) {
    const object = asObject(one);
    const raw = object ? object['text'] : one;
    if (typeof raw !== 'string' && typeof raw !== 'number') continue;
    if (typeof raw === 'number') numbers++;
    const at = object?.['answer_start'];
    if (answers.length === 0 && typeof at === 'number') start = at;
    answers.push(String(raw));
  }
  return { answers, start, numbers };
}
