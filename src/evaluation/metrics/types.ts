import type { OutputSchema } from '../../datasets/making/structured.ts';

/** What a metric sees of one finished item. */
export interface ScoredItem {
  readonly question: string;
  /** The gold passage the question was asked about. */
  readonly goldContext: string;
  readonly contextId: string;
  /** Gold answers, the first is the reference of the tutorial's metrics. */
  readonly answers: readonly string[];
  /** What the column answered; null when it has no LLM. */
  readonly output: string | null;
  /** What the LLM was given to read: gold or retrieved passages; null when it was given none. */
  readonly context: string | null;
  /** Best first, as deep as the metrics need; null when the column retrieves nothing. */
  readonly retrieved: readonly RetrievedChunk[] | null;
  /** How many of them the column hands on (its top-k). */
  readonly topK: number;
  /** Chunks of the gold passage that the knowledge base holds; null or absent when nobody knows. */
  readonly goldChunks?: number | null;
  /** How long the answer took; null where nothing was asked or no answer came. */
  readonly timing?: { readonly firstTokenMs: number | null; readonly totalMs: number | null };
  /** Tokens as the server counted them; null where it does not tell. */
  readonly usage?: { readonly promptTokens: number; readonly completionTokens: number } | null;
  /** What the answer cost; null where no prices of its endpoint are known. */
  readonly cost?: { readonly amount: number; readonly currency: string } | null;
  /** The form that answers were asked for, and the whole answer, marks included; absent: none was. */
  readonly form?: ExpectedForm;
  /** Vectors of `output` and of the first answer, by metric embedder. */
  readonly vectors?: Readonly<Record<string, { readonly output: Float32Array; readonly answer: Float32Array }>>;
}

export interface ExpectedForm {
  /** KEY of `{{KEY_START}}…{{KEY_END}}`; `output` is then what stands between them, where both are there. */
  readonly marker: string | null;
  readonly schema: OutputSchema | null;
  readonly said: string;
}

export interface RetrievedChunk {
  readonly text: string;
  /** Name of its document, with `#key` for one row of a file. */
  readonly document: string;
}

/** A metric is one file: what it is called, what it measures, and what it cannot see. */
export interface Metric {
  readonly name: string;
  /** `speed` and `cost` are of answers that came: one that failed is missing, not 0. */
  readonly kind: 'answer' | 'retrieval' | 'speed' | 'cost';
  /** Raised when the same item may score differently than before; of an own metric the hash of its file. */
  readonly version: number | string;
  readonly range: readonly [number, number];
  /** What a score is counted in (`ms`, `tokens`, `USD per 1000`); absent: a share, shown as points of 100. */
  readonly unit?: string;
  readonly direction: 'higher' | 'lower';
  /** Whether every score is 0 or 1: exact McNemar and Wilson apply. */
  readonly binary: boolean;
  /** One sentence for the screen. */
  readonly blindTo: string;
  /** Chunks it looks at; absent = the column's own top-k. */
  readonly depth?: number;
  /** Catalogue id of the embedder whose vectors it needs. */
  readonly embedder?: string;
  /** The item's score; null where the metric does not apply (not a zero). Pure. */
  score(item: ScoredItem): number | null;
}

/** Whether a metric says what an answer took, not how good it is. */
export const isTaken = ({ kind }: Pick<Metric, 'kind'>): boolean => kind === 'speed' || kind === 'cost';
