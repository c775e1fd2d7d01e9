import { resolveEmbedder } from '../../models/embedder-client.ts';
import { type SupervisedEmbedder, supervisedEmbedder } from '../../models/supervised-embedder.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { Column } from '../../rag/types.ts';
import { type EvaluationItem, hashOf } from '../plan.ts';
import type { Evaluation, ItemResult } from '../types.ts';
import { JudgeClient } from './client.ts';
import { type Judged, type JudgeParts, judgeAnswer, judgeable, judgePair } from './judge.ts';
import { judgedOf, type OpenLayer, openLayer, readLayers } from './layer.ts';
import { JUDGE_VERSION, promptsHash } from './prompts.ts';
import { relatedColumns } from './related.ts';
import { isMissing, type JudgeCapsule, type JudgeMetric, type Judgement, type JudgeSettings } from './types.ts';

export interface JudgingOptions {
  /** Folder of the run whose items are judged. */
  readonly folder: string;
  readonly dataset: string;
  readonly columns: readonly Column[];
  /** Digest of the weights behind each column, where known. */
  readonly digests: Readonly<Record<string, string>>;
  /** Take what earlier runs have heard of this judge. */
  readonly reuse: boolean;
  readonly concurrency: Evaluation['concurrency'];
  /** Embedders that are started already. */
  readonly embedders?: ReadonlyMap<string, SupervisedEmbedder>;
  readonly signal: AbortSignal;
  readonly onStatus: (text: string) => void;
}

/** A judge at work on the items of one run: each judgement is on the disk before it counts. */
export class ItemJudge {
  /** Judgements made or found, and those of them that are missing. */
  readonly counts = { done: 0, missing: 0 };
  readonly #vectors = new Map<string, Float32Array>();

  private constructor(
    readonly capsule: JudgeCapsule,
    readonly client: JudgeClient,
    private readonly metrics: readonly JudgeMetric[],
    private readonly columns: readonly Column[],
    private readonly layer: OpenLayer,
    private readonly known: ReadonlyMap<string, Judgement>,
    private readonly embedder: { readonly of: SupervisedEmbedder; readonly own: boolean } | null,
  ) {}

  /** Finds or starts the judge and what it needs. Errors: those of the LLM and of the embedder. */
  static async start(paths: WorkspacePaths, settings: JudgeSettings, options: JudgingOptions): Promise<ItemJudge> {
    const { folder, dataset, columns, digests, reuse, concurrency, signal, onStatus } = options;
    const layer = openLayer(paths, folder, { llm: settings.llm, dataset, reuse });
    try {
      const beside = columns.flatMap(({ llm }) => (llm === 'none' ? [] : [llm]));
      const client = await JudgeClient.start(paths, settings, {
        signal,
        onStatus,
        concurrency,
        beside,
        book: layer.book,
      });
      const needed = settings.metrics.includes('answer-relevance');
      const shared = options.embedders?.get(settings.embedder);
      const made = shared ?? (needed ? supervisedEmbedder(await resolveEmbedder(paths, settings.embedder)) : undefined);
      const embedder = made && needed ? { id: settings.embedder, fingerprint: made.resolved.fingerprint } : null;
      const said = {
        llm: settings.llm,
        model: client.model,
        digest: client.digest,
        embedder,
        prompts: { en: promptsHash('en'), zh: promptsHash('zh') },
        version: JUDGE_VERSION,
        sampling: client.sampling,
        base: columns[0]?.name ?? '',
      };
      const same = (name: string) => digests[name] === client.digest;
      const related = relatedColumns(paths, settings.llm, columns, same);
      const capsule: JudgeCapsule = { ...said, related, basis: hashOf([said, strictness(client)]) };
      const before = readLayers(folder).find((one) => one.capsule.basis === capsule.basis);
      const known = new Map(before?.judgements.map((one) => [keyOf(one), one]));
      layer.begin(capsule);
      const own = made ? { of: made, own: shared === undefined } : null;
      return new ItemJudge(capsule, client, settings.metrics, columns, layer, known, own);
    } catch (error) {
      await layer.close();
      throw error;
    }
  }

  /**
   * Judges what the columns made of one question: each answer, then each column against the first. What was judged
   * already is not again. Errors: those of `JudgeClient.ask`, `cancelled`.
   */
  async item(item: EvaluationItem, results: ReadonlyMap<string, ItemResult>): Promise<void> {
    const judged = this.columns.flatMap((column): Judged[] => {
      const result = results.get(column.name);
      return result ? [{ column, item, result }] : [];
    });
    const parts: JudgeParts = {
      ask: (request) => this.client.ask(request),
      vector: (text) => this.#vector(text),
      basis: this.capsule.basis,
    };
    for (const metric of this.metrics) {
      if (metric === 'preference') continue;
      for (const one of judged.filter(({ column }) => judgeable(metric, column))) {
        await this.#keep(metric, one, judgedOf(one.result), () => judgeAnswer(parts, metric, one));
      }
    }
    const base = judged.find(({ column }) => column.name === this.capsule.base);
    if (!this.metrics.includes('preference') || !base || !judgeable('preference', base.column)) return;
    for (const other of judged.filter((one) => one !== base && judgeable('preference', one.column))) {
      await this.#keep('preference', other, judgedOf(base.result, other.result), () => judgePair(parts, base, other));
    }
  }

  async #keep(
    metric: JudgeMetric,
    { column, item }: Judged,
    of: string,
    make: () => Promise<Judgement | undefined>,
  ): Promise<void> {
    const before = this.known.get(keyOf({ metric, column: column.name, item: item.id }));
    const stands = before?.of === of && before.state !== 'failed';
    const judgement = stands ? before : await make();
    if (!judgement) return;
    if (!stands) await this.layer.append(judgement);
    this.counts.done += 1;
    if (isMissing(judgement)) this.counts.missing += 1;
  }

  async close(): Promise<void> {
    await this.layer.close();
    if (this.embedder?.own) await this.embedder.of.close();
  }

  async #vector(text: string): Promise<Float32Array> {
    const known = this.#vectors.get(text);
    if (known) return known;
    // One text at a time: int8 vectors depend on their batch-mates.
    const made = await this.embedder?.of.embed([text], { kind: 'passage', instruction: false });
    const vector = made?.vectors[0] ?? new Float32Array();
    // The question comes again with every column; guesses hardly do.
    if (this.#vectors.size > MOST_VECTORS) this.#vectors.clear();
    this.#vectors.set(text, vector);
    return vector;
  }
}

const MOST_VECTORS = 500;

const strictness = ({ endpoint }: JudgeClient): boolean => endpoint.embedded;
const keyOf = ({ metric, column, item }: Pick<Judgement, 'metric' | 'column' | 'item'>): string =>
  `${metric}\0${column}\0${item}`;
