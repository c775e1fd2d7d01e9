import type { JsonObject } from '../records/types.ts';
import type { RetrievalRow } from '../types.ts';
import { isText, textsOf } from './fields.ts';
import { type Imported, type Importer, type RecordPlace, skipped, warning } from './types.ts';

/** FlagEmbedding's rows `{query, pos: [], neg: [], prompt?}`. */
const flagEmbedding = (record: JsonObject): boolean => isText(record['query']) && textsOf(record['pos']) !== undefined;

/** What the columns of pair and triplet files are called, first the question; files of lists have numbers. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['anchor', 'positive'],
  ['query', 'positive'],
  ['query', 'passage'],
  ['sentence1', 'sentence2'],
  ['0', '1'],
];

/**
 * Rows to train an embedder: FlagEmbedding's, and sentence-transformers' pairs, triplets (`anchor`, `positive`,
 * `negative`, or `negative_1` …) and labelled pairs, of which those labelled 1 are pairs.
 */
export const retrieval: Importer<'retrieval'> = {
  format: 'retrieval',
  kind: 'retrieval',
  description:
    'FlagEmbedding (query, pos, neg) or sentence-transformers pairs and triplets (anchor, positive, negative)',
  matches: (record) => flagEmbedding(record) || pairOf(record) !== undefined,
  rows: (record, place) =>
    flagEmbedding(record) || 'pos' in record ? listRows(record, place) : pairRows(record, place),
};

function* listRows(record: JsonObject, { line }: RecordPlace): Generator<Imported<'retrieval'>> {
  const query = record['query'];
  const pos = textsOf(record['pos']);
  const neg = textsOf(record['neg'] ?? []);
  const prompt = record['prompt'];
  if (!isText(query) || query.trim() === '') yield skipped(line, '"query" is empty or no text.');
  else if (!pos || pos.length === 0) yield skipped(line, '"pos" is no list of texts with at least one.');
  else if (!neg) yield skipped(line, '"neg" is no list of texts.');
  else {
    const scores = scoresOf(record, pos.length, neg.length);
    if (!scores && ('pos_scores' in record || 'neg_scores' in record)) {
      yield warning(line, 'the scores of a teacher are not kept: there is not a number for each passage.');
    }
    yield { row: { query, pos, neg, ...(isText(prompt) && prompt !== '' ? { prompt } : {}), ...scores } };
  }
}

function scoresOf(
  record: JsonObject,
  pos: number,
  neg: number,
): { pos_scores: number[]; neg_scores: number[] } | undefined {
  const pos_scores = numbersOf(record['pos_scores']);
  const neg_scores = numbersOf(record['neg_scores']);
  return pos_scores?.length === pos && neg_scores?.length === neg ? { pos_scores, neg_scores } : undefined;
}

const numbersOf = (value: unknown): number[] | undefined =>
  Array.isArray(value) && value.every((one): one is number => typeof one === 'number') ? value : undefined;

const pairOf = (record: JsonObject): readonly [string, string] | undefined =>
  PAIRS.find(([query, positive]) => isText(record[query]) && isText(record[positive]));

function* pairRows(record: JsonObject, { line }: RecordPlace): Generator<Imported<'retrieval'>> {
  const pair = pairOf(record);
  if (!pair) {
    yield skipped(line, 'it has no query with a positive (query and pos, or anchor and positive).');
    return;
  }
  const [query = '', positive = ''] = pair.map((name) => textsOf(record[name])?.[0]);
  const label = record['label'] ?? record['score'];
  if (query.trim() === '' || positive.trim() === '') yield skipped(line, `its ${pair.join(' or ')} is empty.`);
  else if (label !== undefined && Number(label) !== 1)
    yield skipped(line, `it is labelled ${String(label)}: only 1 says that the two belong together.`);
  else yield { row: { query, pos: [positive], neg: negativesOf(record, pair) } satisfies RetrievalRow };
}

/** `negative`, `negative_1`, `negative_2` …, `negatives`; in files of lists all after the second. */
function negativesOf(record: JsonObject, pair: readonly string[]): string[] {
  const names = Object.keys(record).filter((name) =>
    pair[0] === '0' ? /^\d+$/.test(name) && Number(name) > 1 : /^(hard_)?negatives?(_\d+)?$/.test(name),
  );
  return names.flatMap((name) => textsOf(record[name]) ?? []).filter((text) => text.trim() !== '');
}
