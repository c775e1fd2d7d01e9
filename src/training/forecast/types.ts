import type { Setting } from '../types.ts';

/** One linear layer of a block: what LoRA may ride on. */
export interface Linear {
  /** By Transformers' name within its block: `q_proj`, `down_proj`, `query`. */
  readonly name: string;
  readonly in: number;
  readonly out: number;
}

/** What of a model decides memory and trainable parameters. */
export interface ModelShape {
  /** `decoder` predicts every next token over the vocabulary, `encoder` gives a vector. */
  readonly kind: 'decoder' | 'encoder';
  readonly architecture: string;
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly vocabulary: number;
  /** Each weight once, also where input and output embedding are the same. */
  readonly parameters: number;
  /** Of each block, in order. */
  readonly layerParameters: readonly number[];
  /** Of all blocks together. */
  readonly linears: readonly Linear[];
  /** What is in the file now, bytes; float32 folders are made of a GGUF. */
  readonly storedBytes: number;
}

/** Token lengths of texts, each rounded to none and not yet cut. */
export interface Lengths {
  /** Ascending; an evenly spread sample, or all. */
  readonly sample: readonly number[];
  /** The longest of all texts. */
  readonly longest: number;
}

export interface TokenLengths {
  /** `counted`: by the base's own tokenizer; `estimated`: a token for every four bytes. */
  readonly source: 'counted' | 'estimated';
  /** Of an LLM: whole conversations with their template. Of an embedder: questions. */
  readonly texts: Lengths;
  /** Of an embedder alone. */
  readonly passages: Lengths | null;
}

/** What this machine has; null = it could not be found out. Bytes. */
export interface MachineFacts {
  readonly memory: { readonly total: number; readonly available: number } | null;
  /** Of the GPUs that the training would use; null on a CPU, or when the driver was not asked. */
  readonly gpus: readonly { readonly name: string; readonly total: number; readonly free: number }[] | null;
  /** Free on the disk of the workspace. */
  readonly disk: number | null;
}

/** Seconds that steps took when they were measured, and on what. */
export interface MeasuredPace {
  readonly source: 'earlier-run' | 'micro-run';
  /** The job, or the day of the measurement. */
  readonly from: string;
  readonly secondsPerStep: { readonly low: number; readonly middle: number; readonly high: number };
  readonly steps: number;
  /** Padded tokens of one of its steps: by these it is scaled. */
  readonly tokensPerStep: number;
  /** Highest resident memory that was seen, bytes; null where it was not looked at. */
  readonly peakBytes: number | null;
}

export interface ForecastInput {
  readonly engine: 'llamafactory' | 'flagembedding';
  /** All of the engine's settings that are written down, ours and the preset's. */
  readonly settings: Readonly<Record<string, Setting>>;
  readonly device: 'cpu' | 'cuda';
  /** Processes that each do a part of the batch. */
  readonly gpus: number;
  /** Rows that are handed to the engine. */
  readonly rows: number;
  readonly lengths: TokenLengths | null;
  readonly shape: ModelShape | null;
  readonly machine: MachineFacts;
  readonly pace: MeasuredPace | null;
  /** The folder of the base has still to be made. */
  readonly convertsBase: boolean;
  /** Of the optional Python packages, those the engine's environment has: `bitsandbytes` (4 bits), `deepspeed` (ZeRO). */
  readonly packages: readonly string[];
}

export interface StepsForecast {
  /** Rows that are trained on, and kept for evaluation, once `max_samples` and `val_size` have been applied. */
  readonly trainRows: number;
  readonly evalRows: number;
  /** Rows of one optimizer step, over all GPUs and accumulated batches. */
  readonly effectiveBatch: number;
  readonly perEpoch: number;
  readonly total: number;
  readonly epochs: number;
}

export interface TokensForecast {
  readonly source: TokenLengths['source'];
  /** Texts that the figures rest on. */
  readonly sampled: number;
  readonly longest: number;
  /** Of the longest batch, all rows of one GPU, filled up: what memory rests on. */
  readonly longestBatch: number;
  /** One optimizer step, filled up to the longest of each batch, on average: what time rests on. */
  readonly perStep: number;
  /** Tokens of texts in the whole training, without what is filled up. */
  readonly total: number;
  /** By the setting that cuts: the share of texts that are longer. */
  readonly cut: readonly { readonly setting: string; readonly at: number; readonly share: number }[];
}

export interface ParametersForecast {
  /** As the engine prints them: base and adapter. */
  readonly all: number;
  readonly trainable: number;
}

export const MEMORY_PARTS = ['runtime', 'weights', 'gradients', 'optimizer', 'activations', 'logits'] as const;
export type MemoryPart = (typeof MEMORY_PARTS)[number];

export interface MemoryForecast {
  readonly where: 'host' | 'gpu';
  /** Bytes at the moment when most is needed, of one GPU or of the process; they add up to `peak`. */
  readonly parts: Readonly<Record<MemoryPart, number>>;
  readonly peak: number;
  /** What happens then. */
  readonly moment: 'training' | 'evaluation' | 'loading';
}

export const DISK_PARTS = ['checkpoints', 'result', 'base', 'cache'] as const;
export type DiskPart = (typeof DISK_PARTS)[number];

export interface DiskForecast {
  readonly parts: Readonly<Record<DiskPart, number>>;
  /** At most at one time. */
  readonly peak: number;
}

/** `measured` is null until steps have been measured on this machine: no time is made up. */
export interface TimeForecast {
  readonly measured: MeasuredPace | null;
  /** Seconds to the end; null until measured. */
  readonly seconds: { readonly low: number; readonly middle: number; readonly high: number } | null;
}

export const VERDICTS = ['fits', 'tight', 'refused', 'unknown'] as const;
/** Why a training would not end well, or may not. Bytes where both numbers are bytes. */
export type Obstacle =
  | { readonly kind: 'memory'; readonly where: MemoryForecast['where']; readonly need: number; readonly have: number }
  | { readonly kind: 'disk'; readonly need: number; readonly have: number }
  | { readonly kind: 'no-steps'; readonly rows: number };

export interface Verdict {
  /** `unknown`: the shape of the base or the memory of the machine could not be found out. */
  readonly state: (typeof VERDICTS)[number];
  readonly obstacles: readonly Obstacle[];
  /** Of a refused training whose memory does not suffice: the nearest settings that fit; null when none does. */
  readonly nearest: NearestFit | null;
}

export interface NearestFit {
  /** The engine's own keys that change. */
  readonly settings: Readonly<Record<string, Setting>>;
  readonly rungs: readonly Rung[];
  readonly peak: number;
}

/** What is changed when memory does not suffice, one after the other. */
export const RUNGS = [
  'micro-batch',
  'eval-batch',
  'checkpointing',
  'sub-batch',
  'cutoff',
  'quantise',
  'rank',
  'group',
  'zero',
] as const;

/** One change that needs less memory. */
export interface Rung {
  readonly id: (typeof RUNGS)[number];
  readonly changes: Readonly<Record<string, Setting>>;
  /** Whether the rows of one optimizer step stay as many. */
  readonly keepsBatch: boolean;
  /** Share of texts that are cut by it and were not before; null where nothing is cut or lengths are not known. */
  readonly cutsShare: number | null;
}

/** What a training will need. Null = it could not be found out. */
export interface Forecast {
  readonly steps: StepsForecast;
  readonly tokens: TokensForecast | null;
  readonly parameters: ParametersForecast | null;
  readonly memory: MemoryForecast | null;
  readonly disk: DiskForecast | null;
  readonly time: TimeForecast;
  readonly verdict: Verdict;
}
