import { RagtuiError } from '../../platform/errors.ts';
import { JUDGE_METRICS, type JudgeMetric } from '../judge/types.ts';
import { answerHitMetric } from './answer-hit.ts';
import { answerRelevanceMetric } from './answer-relevance.ts';
import { answerTokens } from './answer-tokens.ts';
import { chrf } from './chrf.ts';
import { cmrcEm } from './cmrc-em.ts';
import { cmrcF1 } from './cmrc-f1.ts';
import { contains } from './contains.ts';
import { contextRecall } from './context-recall.ts';
import { contextRecallBinary } from './context-recall-binary.ts';
import { contextRelevance } from './context-relevance.ts';
import { copiedRun } from './copied-run.ts';
import { cosineMetric } from './cosine.ts';
import { exact } from './exact.ts';
import { faithfulnessMetric } from './faithfulness.ts';
import { fieldF1 } from './field-f1.ts';
import { fieldPrecision } from './field-precision.ts';
import { fieldRecall } from './field-recall.ts';
import { firstToken } from './first-token.ts';
import { hitMetric } from './hit.ts';
import { inventedFields } from './invented-fields.ts';
import { jsonParse } from './json-parse.ts';
import { judgeContextRecallMetric } from './judge-context-recall.ts';
import { marker } from './marker.ts';
import { mentions } from './mentions.ts';
import { mrrMetric } from './mrr.ts';
import { ndcgMetric } from './ndcg.ts';
import { noAnswer } from './no-answer.ts';
import { originChar } from './origin-char.ts';
import { originTutorial } from './origin-tutorial.ts';
import { preferenceMetric } from './preference.ts';
import { priceMetric } from './price.ts';
import { promptTokens } from './prompt-tokens.ts';
import { recallMetric } from './recall.ts';
import { rougeL } from './rouge-l.ts';
import { schemaValid } from './schema-valid.ts';
import { spanRecallMetric } from './span-recall.ts';
import { squadEm } from './squad-em.ts';
import { squadF1 } from './squad-f1.ts';
import { tokenF1 } from './token-f1.ts';
import { tokensPerSecond } from './tokens-per-second.ts';
import type { Metric } from './types.ts';
import { verbatim } from './verbatim.ts';

/** Metrics without a parameter, and the usual ones of those that have one. The first answer metric is the primary one. */
const FIXED: readonly Metric[] = [
  tokenF1,
  exact,
  verbatim,
  contains,
  rougeL,
  noAnswer,
  originTutorial,
  hitMetric(1),
  hitMetric(5),
  mrrMetric(10),
  ndcgMetric(10),
  recallMetric(10),
  contextRecall,
  contextRelevance,
];

/** What answers take; beside every LLM, never the primary one unless it is named. */
const TAKEN: readonly Metric[] = [firstToken, tokensPerSecond, promptTokens, answerTokens];

/** Of answers in JSON: where a form of them is asked for. */
const JSON_METRICS: readonly Metric[] = [fieldF1, fieldPrecision, fieldRecall, inventedFields, jsonParse, schemaValid];

/** Of one benchmark: in a run of Chinese answers, elsewhere only when they are named. */
const CHINESE: readonly Metric[] = [cmrcEm, cmrcF1];

/** Only when they are named. */
const OTHERS: readonly Metric[] = [
  mentions,
  squadEm,
  squadF1,
  chrf,
  copiedRun,
  originChar,
  contextRecallBinary,
  answerHitMetric(5),
  spanRecallMetric(5),
];
const NAMED: readonly Metric[] = [...FIXED, ...CHINESE, ...JSON_METRICS, marker, ...OTHERS, ...TAKEN];

const JUDGED: Readonly<Record<JudgeMetric, (judge: string) => Metric>> = {
  faithfulness: faithfulnessMetric,
  'answer-relevance': answerRelevanceMetric,
  'judge-context-recall': judgeContextRecallMetric,
  preference: preferenceMetric,
};

/** Metrics whose name carries a parameter after "@". */
const FAMILIES: Readonly<Record<string, (parameter: string) => Metric | undefined>> = {
  cosine: (embedder) => (embedder === '' ? undefined : cosineMetric(embedder)),
  price: (currency) => (/^[A-Z]{3}$/.test(currency) ? priceMetric(currency) : undefined),
  hit: (k) => withDepth(k, hitMetric),
  mrr: (k) => withDepth(k, mrrMetric),
  ndcg: (k) => withDepth(k, ndcgMetric),
  recall: (k) => withDepth(k, recallMetric),
  'answer-hit': (k) => withDepth(k, answerHitMetric),
  'span-recall': (k) => withDepth(k, spanRecallMetric),
  ...JUDGED,
};

function withDepth(text: string, make: (k: number) => Metric): Metric | undefined {
  const k = Number(text);
  return Number.isInteger(k) && k >= 1 && k <= 100 ? make(k) : undefined;
}

/** All metrics as they are listed; of those with a name after "@" one stands for all. */
export const LISTED: readonly Metric[] = [
  ...NAMED,
  cosineMetric('EMBEDDER'),
  priceMetric('CURRENCY'),
  ...JUDGE_METRICS.map((name) => JUDGED[name]('JUDGE')),
];

/** Names as `--metrics` takes them. */
export const METRIC_NAMES: readonly string[] = LISTED.map(({ name }) => name);

/** Own metrics that a run or the config folder has told of; here only what tables need, not their code. */
const DESCRIBED = new Map<string, Metric>();

/** From now on these are known by name. Those of two versions of one file stand under one name: the last one told. */
export function knowMetrics(metrics: readonly Metric[]): void {
  for (const metric of metrics) DESCRIBED.set(metric.name, metric);
}

export const isBuiltIn = (name: string): boolean => builtIn(name) !== undefined || Object.hasOwn(FAMILIES, name);

/** A metric by name; undefined when there is none. */
export const knownMetric = (name: string): Metric | undefined => builtIn(name) ?? DESCRIBED.get(name);

function builtIn(name: string): Metric | undefined {
  const fixed = NAMED.find((metric) => metric.name === name);
  if (fixed) return fixed;
  const at = name.indexOf('@');
  const family = at > 0 ? name.slice(0, at) : '';
  return Object.hasOwn(FAMILIES, family) ? FAMILIES[family]?.(name.slice(at + 1)) : undefined;
}

/** A metric by name (`exact`, `hit@3`, `cosine@bge-small-zh-v1.5`). Errors: `usage` with the names there are. */
export function findMetric(name: string): Metric {
  const found = knownMetric(name);
  if (found) return found;
  const known = [...METRIC_NAMES, ...DESCRIBED.keys()].join(', ');
  throw new RagtuiError('usage', `There is no metric "${name}".`, `There are: ${known}.`);
}

/** The metrics of a run when none are named: answers if a column has an LLM, retrieval if one retrieves. */
export function defaultMetrics(wish: {
  answers: boolean;
  retrieval: boolean;
  embedder: string | null;
  /** Currencies that answers are priced in. */
  currencies?: readonly string[];
  /** Answers are to be JSON … */
  json?: boolean;
  /** … or to stand between marks. */
  marked?: boolean;
  /** Questions and answers are in Chinese. */
  chinese?: boolean;
}): string[] {
  const kinds = new Set([...(wish.answers ? ['answer'] : []), ...(wish.retrieval ? ['retrieval'] : [])]);
  const asked = [...(wish.json ? JSON_METRICS : []), ...(wish.marked ? [marker] : [])];
  const names = [...FIXED, ...asked, ...(wish.chinese ? CHINESE : [])]
    .filter((metric) => kinds.has(metric.kind))
    .map(({ name }) => name);
  const taken = [...TAKEN.map(({ name }) => name), ...(wish.currencies ?? []).map((currency) => `price@${currency}`)];
  const cosine = wish.answers && wish.embedder !== null ? [`cosine@${wish.embedder}`] : [];
  return [...names, ...cosine, ...(wish.answers ? taken : [])];
}
