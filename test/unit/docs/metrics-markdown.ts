import { readFileSync } from 'node:fs';
import path from 'node:path';
import { findMetric, METRIC_NAMES } from '../../../src/evaluation/metrics/registry.ts';
import type { Metric } from '../../../src/evaluation/metrics/types.ts';
import { packageRoot } from '../../../src/platform/entry.ts';

/** What the expected values of a metric's test were made by, by the file of the metric. */
const REFERENCES: Readonly<Record<string, string>> = {
  ...named('rouge-score 0.1.2 (English); its scorer with a tokenizer for Chinese', 'rouge-l'),
  ...named('sacrebleu 2.6.0', 'chrf'),
  ...named('pytrec_eval-terrier 0.5.11', 'ndcg recall'),
  ...named("the rules of SQuAD's script, written in Python", 'squad-em squad-f1 token-f1'),
  ...named('the rule, written in Python', 'exact origin-tutorial context-relevance'),
  ...named("the rules of CMRC 2018's script, with nltk 3.10.4", 'cmrc-em cmrc-f1'),
  ...named('rapidfuzz (Levenshtein)', 'context-recall context-recall-binary'),
  ...named('numpy', 'cosine'),
};

function named(source: string, files: string): Record<string, string> {
  return Object.fromEntries(files.split(' ').map((file) => [file, source]));
}

const PARAMETERS: Readonly<Record<string, string>> = {
  'cosine@EMBEDDER': 'cosine@bge-small-en-v1.5-int8',
  'price@CURRENCY': 'price@USD',
};

const KINDS = {
  answer: 'Of the answer',
  retrieval: 'Of the retrieval',
  speed: 'Of the time an answer takes',
  cost: 'Of what an answer costs',
} as const;

/** Every metric of the registry, by kind, with the docstring of its file as its definition. */
export function metricsMarkdown(): string {
  const all = METRIC_NAMES.map((name) => ({ shown: name, metric: findMetric(PARAMETERS[name] ?? name) }));
  return Object.entries(KINDS)
    .map(([kind, title]) => {
      const rows = all.filter(({ metric }) => metric.kind === kind);
      return [`## ${title}`, '', ...rows.flatMap(({ shown, metric }) => [...entry(shown, metric), ''])].join('\n');
    })
    .join('\n');
}

function entry(shown: string, metric: Metric): string[] {
  const file = (shown.split('@')[0] ?? shown).trim();
  const [low, high] = metric.range;
  const range = Number.isFinite(high) ? `${low} to ${high}` : `from ${low}`;
  const facts = [
    metric.unit === undefined ? `${range} (shown as points of 100)` : `${range} ${metric.unit}`,
    `${metric.direction} is better`,
    ...(metric.binary ? ['each score is 0 or 1'] : []),
    ...(metric.depth === undefined ? [] : ['the number behind "@" is k, from 1 to 100']),
    `version ${metric.version}`,
  ];
  const reference = REFERENCES[file] ?? 'cases worked out by hand';
  return [
    `### ${shown}`,
    '',
    `${definitionIn(file)}`,
    '',
    `- ${facts.join('; ')}`,
    `- blind to: ${metric.blindTo}`,
    `- its test expects values from: ${reference}`,
  ];
}

/** The docstring before the metric that a file exports, or before the function that makes it. */
function definitionIn(file: string): string {
  const source = readFileSync(path.join(packageRoot(), 'src', 'evaluation', 'metrics', `${file}.ts`), 'utf8');
  const found = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport (?:const \w+: Metric\b|function \w+\([^)]*\): Metric\b)/.exec(
    source,
  );
  const text = (found?.[1] ?? '')
    .replace(/^\s*\* ?/gm, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (text === '') throw new Error(`src/evaluation/metrics/${file}.ts says nothing of its metric in a docstring.`);
  return text;
}
