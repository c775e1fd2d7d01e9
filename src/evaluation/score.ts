import { resolveEmbedder } from '../models/embedder-client.ts';
import { type SupervisedEmbedder, supervisedEmbedder } from '../models/supervised-embedder.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { FormReader } from './form.ts';
import { findMetric, isBuiltIn } from './metrics/registry.ts';
import type { Metric, ScoredItem } from './metrics/types.ts';
import type { Outcome } from './outcome.ts';
import { firstLine, loadOwnMetrics } from './own-metrics/load.ts';
import { type EvaluationItem, hashOf } from './plan.ts';
import type { AnswerForm } from './types.ts';

/** What came of an item: its scores, and the metrics of a person's own that failed at it. */
interface Scored {
  readonly scores: Record<string, number | null>;
  readonly missed: Record<string, string>;
}

/** Scores outcomes with a run's metrics; owns the embedder processes that they need. */
export class Scorer {
  readonly metrics: readonly Metric[];
  /** Chunks the metrics look at. */
  readonly depth: number;
  readonly embedders: ReadonlyMap<string, SupervisedEmbedder>;
  readonly #version: string;
  /** Whether a score depends on prices, which may be set after an answer was kept. */
  readonly #priced: boolean;
  readonly #answers = new Map<string, Float32Array>();

  readonly #form: AnswerForm | null;
  readonly #reader: FormReader;

  private constructor(
    metrics: readonly Metric[],
    embedders: ReadonlyMap<string, SupervisedEmbedder>,
    form: AnswerForm | null,
  ) {
    this.#form = form;
    this.#reader = new FormReader(form);
    this.metrics = metrics;
    this.depth = Math.max(1, ...metrics.map(({ depth = 1 }) => depth));
    this.embedders = embedders;
    this.#priced = metrics.some(({ name }) => name.startsWith('price@'));
    this.#version = hashOf(
      metrics.map(({ name, version, embedder }) => [
        name,
        version,
        embedder === undefined ? '' : (embedders.get(embedder)?.resolved.fingerprint ?? ''),
      ]),
    );
  }

  /** Finds the metrics and the embedders of those that compare vectors. Errors: those of both. */
  static async start(paths: WorkspacePaths, names: readonly string[], form: AnswerForm | null = null): Promise<Scorer> {
    const loaded = await ownOf(paths, names);
    const metrics = names.map((name) => loaded.get(name) ?? findMetric(name));
    const embedders = new Map<string, SupervisedEmbedder>();
    for (const { embedder } of metrics) {
      if (embedder === undefined || embedders.has(embedder)) continue;
      embedders.set(embedder, supervisedEmbedder(await resolveEmbedder(paths, embedder)));
    }
    return new Scorer(metrics, embedders, form);
  }

  /** Key of a finished item: its answer, what it is measured against, and the metrics with their versions. */
  keyOf(outcome: Outcome, item: EvaluationItem): string {
    const cost = this.#priced && outcome.cost ? [outcome.cost] : [];
    const form = this.#form ? [this.#form] : [];
    return hashOf([
      outcome.answerKey,
      item.content,
      item.contextId,
      outcome.goldChunks,
      this.#version,
      ...cost,
      ...form,
    ]);
  }

  fingerprint(embedder: string): string | undefined {
    return this.embedders.get(embedder)?.resolved.fingerprint;
  }

  /** Not to be cancelled: an answer that is there must not be lost for want of its score. */
  async score(outcome: Outcome, item: EvaluationItem): Promise<Scored> {
    const read = this.#reader.read(outcome.output);
    const vectors = read.output === null ? {} : await this.#vectors(read.output, item.answers[0] ?? '');
    const scored: ScoredItem = {
      question: item.question,
      goldContext: item.context,
      contextId: item.contextId,
      answers: item.answers,
      ...read,
      context: outcome.context,
      retrieved: outcome.retrieved,
      topK: outcome.topK,
      goldChunks: outcome.goldChunks,
      timing: outcome.timing,
      usage: outcome.usage,
      cost: outcome.cost ?? null,
      vectors,
    };
    return scoreWith(this.metrics, scored);
  }

  async close(): Promise<void> {
    await Promise.all([...this.embedders.values()].map((embedder) => embedder.close()));
  }

  async #vectors(output: string, answer: string): Promise<NonNullable<ScoredItem['vectors']>> {
    const found: Record<string, { output: Float32Array; answer: Float32Array }> = {};
    for (const [id, embedder] of this.embedders) {
      const key = `${id}\0${answer}`;
      const known = this.#answers.get(key);
      const texts = known ? [output] : [output, answer];
      // One text at a time: int8 vectors depend on their batch-mates.
      const made: Float32Array[] = [];
      for (const text of texts) {
        const { vectors } = await embedder.embed([text], { kind: 'passage', instruction: false });
        made.push(...vectors);
      }
      const [ofOutput, ofAnswer = known] = made;
      if (!ofOutput || !ofAnswer) continue;
      this.#answers.set(key, ofAnswer);
      found[id] = { output: ofOutput, answer: ofAnswer };
    }
    return found;
  }
}

/** The code of own metrics; it is loaded where one is named. Those that cannot be are missing, by their description. */
async function ownOf(paths: WorkspacePaths, names: readonly string[]): Promise<ReadonlyMap<string, Metric>> {
  if (names.every(isBuiltIn)) return new Map();
  const { metrics } = await loadOwnMetrics(paths);
  return new Map(metrics.map(({ about, metric }) => [about.name, metric]));
}

/** A metric of ours that throws is a bug and ends the run; one of a person's own is missing for this item. */
function scoreWith(metrics: readonly Metric[], item: ScoredItem): Scored {
  const scores: Scored['scores'] = {};
  const missed: Scored['missed'] = {};
  for (const metric of metrics) {
    try {
      scores[metric.name] = metric.score(item);
    } catch (error) {
      if (isBuiltIn(metric.name)) throw error;
      scores[metric.name] = null;
      missed[metric.name] = firstLine(error);
    }
  }
  return { scores, missed };
}
