import { openQaDataset } from '../datasets/open.ts';
import { DEFAULT_EMBEDDERS } from '../models/catalogue.ts';
import { listEndpoints } from '../models/store.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { parseColumns } from '../rag/columns.ts';
import type { Column } from '../rag/types.ts';
import { isServed } from '../serving/resolve.ts';
import { parseLlm } from '../serving/servers.ts';
import { findTune } from '../serving/tune-asked.ts';
import { answerForm } from './form.ts';
import { GENERAL, GENERAL_METRIC, generalColumns } from './general-names.ts';
import { judgeModels } from './judge/afterwards.ts';
import { relatedColumns, relatedWarnings } from './judge/related.ts';
import { assertOwnMetric, judgeSettings, metricWish } from './judge/wish.ts';
import { defaultMetrics, findMetric, knowMetrics } from './metrics/registry.ts';
import { isTaken } from './metrics/types.ts';
import type { RunNote } from './notes.ts';
import { describedMetric, type OwnMetric } from './own-metrics/types.ts';
import { embedderFor } from './sample-language.ts';
import { type AnswerForm, BASELINE_NAMES, type Evaluation } from './types.ts';

export interface EvaluationWish
  extends Pick<Evaluation, 'dataset' | 'split' | 'limit' | 'seed' | 'kb' | 'baselines' | 'concurrency' | 'reuse'> {
  /** Of the dataset; absent: its current one. */
  readonly version?: string;
  /** As on the command line. */
  readonly column: readonly string[];
  /** Null: all that apply. */
  readonly metrics: readonly string[] | null;
  readonly primary: string | null;
  /** Null: by the language of the dataset; `none`: no cosine. */
  readonly metricEmbedder: string | null;
  /** A file with a JSON Schema, or training rows made with one; all columns are told, and it is scored. */
  readonly schema?: string | null;
  /** KEY of marks around answers, or training rows made with them. */
  readonly marker?: string | null;
  /** Own metrics of the config folder, as `describeOwnMetrics` tells them; absent: none. */
  readonly own?: readonly OwnMetric[];
  /** The LLM that judges answers; absent or null: none. */
  readonly judge?: string | null;
}

/**
 * The bare question carries a tune's own system text, where a base's chat template would put another one: all columns get
 * that of the first tune among them, so that the weights are all that differs.
 */
function askedAlike(paths: WorkspacePaths, columns: Column[]): Column[] {
  const names = columns.flatMap(({ llm }) => (llm === 'none' ? [] : [parseLlm(llm).name]));
  const tune = names.find((name) => findTune(paths, name)?.system);
  return columns.map((column) =>
    tune !== undefined && column.prompt === 'plain' ? { ...column, prompt: `plain@${tune}` } : column,
  );
}

/**
 * Makes a run out of what was asked for, and names the models that it needs. Everything that can be known to be wrong is
 * said here, before anything starts. Errors: `usage`, `not-found`, those of the dataset.
 */
export async function prepareEvaluation(
  paths: WorkspacePaths,
  wish: EvaluationWish,
): Promise<{ evaluation: Evaluation; models: string[]; warnings: RunNote[] }> {
  const own = wish.own ?? [];
  knowMetrics(own.map(describedMetric));
  const general = wish.dataset === GENERAL;
  const columns = general ? askedAlike(paths, parseColumns(generalColumns(wish.column))) : parseColumns(wish.column);
  refuseReserved(columns);
  if (wish.kb === null && columns.some(({ context }) => context === 'retrieved')) {
    throw new RagtuiError(
      'usage',
      'A column that retrieves needs a knowledge base.',
      'Add --kb NAME, or context=gold.',
    );
  }
  const dataset = openQaDataset(
    paths,
    general ? await generalName(paths) : wish.dataset,
    wish.version === undefined ? {} : { version: wish.version },
  );
  if (dataset.count(wish.split) === 0) throw new RagtuiError('invalid', `${wish.dataset} ${wish.split} has no rows.`);
  const embedder = wish.metricEmbedder ?? (await embedderFor(dataset.rows(wish.split)));
  const form = answerForm(paths, { schema: wish.schema ?? null, marker: wish.marker ?? null }, columns);
  const currencies = currenciesOf(paths, columns);
  const llm = wish.judge ?? null;
  const asked = metricWish(wish.metrics, llm);
  assertOwnMetric(asked);
  const { named, added, judged } = asked;
  const choose = (names: readonly string[] | null) =>
    chooseMetrics({ ...wish, metrics: names }, columns, {
      embedder: embedder === 'none' ? null : embedder,
      currencies,
      form,
    });
  const metrics = [...new Set([...choose(named), ...choose(added)])];
  const primary = wish.primary ?? metrics[0] ?? '';
  if (!metrics.includes(primary)) {
    throw new RagtuiError(
      'usage',
      `The primary metric "${primary}" is not one of the run's.`,
      `They are: ${metrics.join(', ')}.`,
    );
  }
  const used = own.filter(({ name }) => metrics.includes(name));
  const { split, limit, seed, kb, baselines, concurrency, reuse } = wish;
  const evaluation: Evaluation = {
    dataset: dataset.manifest.name,
    version: dataset.manifest.version,
    split,
    limit,
    seed,
    kb,
    columns,
    metrics,
    primary,
    ...(form ? { form } : {}),
    ...(used.length > 0 ? { own: used } : {}),
    // Nothing can be copied where there is no passage.
    baselines: baselines && !general,
    concurrency,
    reuse,
  };
  const models = modelsOf(paths, columns, metrics);
  if (llm === null) return { evaluation, models, warnings: [] };
  const compares = embedder === 'none' ? await embedderFor(dataset.rows(wish.split)) : embedder;
  const judge = judgeSettings(llm, { judged, columns, embedder: compares });
  return {
    evaluation: { ...evaluation, judge },
    models: [...new Set([...models, ...judgeModels(paths, judge)])],
    warnings: relatedWarnings(llm, relatedColumns(paths, llm, columns)),
  };
}

function refuseReserved(columns: readonly Column[]): void {
  const taken = columns.find(({ name }) => BASELINE_NAMES.some((reserved) => reserved === name));
  if (!taken) return;
  throw new RagtuiError('usage', `"${taken.name}" is the name of a baseline row.`, 'Call the column something else.');
}

/** Beside whether they are right: refusals, and what answers take. */
const isOfGeneral = (name: string): boolean => name === 'no-answer' || isTaken(findMetric(name));

/** Read only where it is asked for: an import is much code. */
async function generalName(paths: WorkspacePaths): Promise<string> {
  const { generalDataset } = await import('./general.ts');
  return (await generalDataset(paths)).name;
}

/** Currencies that the columns' endpoints have prices in. */
function currenciesOf(paths: WorkspacePaths, columns: readonly Column[]): string[] {
  const asked = new Set(columns.map(({ llm }) => llm));
  const found = listEndpoints(paths).filter(({ name, kind }) => kind === 'chat' && asked.has(name));
  return [...new Set(found.flatMap(({ prices }) => prices?.currency ?? []))];
}

function chooseMetrics(
  wish: EvaluationWish,
  columns: readonly Column[],
  more: {
    readonly embedder: string | null;
    readonly currencies: readonly string[];
    readonly form: AnswerForm | null;
  },
): string[] {
  const { embedder, currencies, form } = more;
  if (wish.metrics === null) {
    const answers = columns.some(({ llm }) => llm !== 'none');
    const retrieval = columns.some(({ context }) => context === 'retrieved');
    const chinese = embedder === DEFAULT_EMBEDDERS.zh;
    const json = form?.schema != null || columns.some(({ format }) => format !== undefined);
    const marked = form?.marker != null;
    const own = (wish.own ?? []).filter(({ kind }) => (kind === 'answer' ? answers : retrieval));
    const usual = defaultMetrics({ answers, retrieval, embedder, currencies, chinese, json, marked });
    const kept = wish.dataset === GENERAL ? [GENERAL_METRIC, ...usual.filter(isOfGeneral)] : usual;
    return [...kept, ...own.map(({ name }) => name)];
  }
  const named = wish.metrics.flatMap((name) => {
    if (name === 'cosine' && embedder !== null) return [`cosine@${embedder}`];
    return name === 'price' && currencies.length > 0 ? currencies.map((currency) => `price@${currency}`) : [name];
  });
  return [...new Set(named.map((name) => findMetric(name).name))];
}

/** What must be on this disk; what a server of ours has already needs nothing. */
function modelsOf(paths: WorkspacePaths, columns: readonly Column[], metrics: readonly string[]): string[] {
  const ofColumns = columns.flatMap(({ llm, context, mode, embedder, reranker }) => [
    ...(llm === 'none' || isServed(paths, llm) ? [] : [parseLlm(llm).name]),
    ...(context === 'retrieved' && mode !== 'bm25' && embedder !== undefined ? [embedder] : []),
    ...(context === 'retrieved' && reranker !== undefined ? [reranker] : []),
  ]);
  return [...new Set([...ofColumns, ...metrics.flatMap((name) => findMetric(name).embedder ?? [])])];
}
