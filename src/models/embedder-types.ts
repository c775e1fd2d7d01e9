import type { WorkspacePaths } from '../platform/paths.ts';
import type { EmbedderConfig, Endpoint } from './types.ts';

/** Where an embedder's vectors come from: files for our own runtime, or a server. */
export type EmbedderSource =
  | { readonly kind: 'folder'; readonly folder: string; readonly model: string; readonly tokenizer: string }
  | ({
      readonly kind: 'endpoint';
      /** File with the vectors of its first use: other weights behind the same name are noticed. */
      readonly canary: string;
      /** Folder where is written down what was asked of each of its servers, and which of them gave the promised vectors. */
      readonly records?: string;
    } & Omit<Endpoint, 'kind'>)
  | {
      readonly kind: 'served';
      /** `NAME@onnx`, `NAME@vllm`. */
      readonly name: string;
      readonly model: string;
      readonly engine: 'onnx' | 'vllm';
      /** Of the workspace whose server it is. */
      readonly paths: WorkspacePaths;
      /** File with the vectors that the model's fingerprint promises. */
      readonly canary: string;
    };

/** An embedder that is ready to be started; plain data, safe to send between processes. */
export interface ResolvedEmbedder {
  /** Catalogue id, the name of an endpoint, or `NAME@onnx` and `NAME@vllm` for those we serve. */
  readonly id: string;
  /** 32 hex characters; changes with all that changes the vectors (design §2). */
  readonly fingerprint: string;
  readonly dimension: number;
  readonly config: EmbedderConfig;
  readonly source: EmbedderSource;
}

export interface ResolvedReranker {
  readonly id: string;
  readonly maxTokens: number;
  readonly model: string;
  readonly tokenizer: string;
}

export interface EmbedOptions {
  readonly kind: 'query' | 'passage';
  /** Whether the query instruction is put before a query; default true. Passages always get theirs. */
  readonly instruction?: boolean;
  readonly signal?: AbortSignal;
}

export interface Embedded {
  /** In the order of the texts, unit length when the embedder normalises. */
  readonly vectors: Float32Array[];
  /** Tokens really run per text, special tokens included; an estimate for endpoints. */
  readonly tokens: number[];
  /** Positions of the texts that were cut to what the model reads; absent where nobody knows (endpoints). */
  readonly cut?: readonly number[];
}

export interface StartOptions {
  /** Threads inside one run; default 1. */
  readonly threads?: number;
  /** Niceness of the child; default 10. */
  readonly nice?: number;
}

/** A started embedder: a child process of ours, or a server behind the same interface. */
export interface EmbedderProcess {
  readonly resolved: ResolvedEmbedder;
  /** Undefined for endpoints. */
  readonly pid: number | undefined;
  /**
   * Embeds `texts`. Any number may be given at once; they are batched inside.
   * Rejects with `unavailable` when the child died, `cancelled`, `invalid` for a vector that is not a finite direction.
   */
  embed(texts: readonly string[], options: EmbedOptions): Promise<Embedded>;
  close(): Promise<void>;
  /** Called once, when the child is gone without `close()`. Returns the way to stop listening. */
  onExit(listener: (reason: string) => void): () => void;
}

export interface RerankerProcess {
  readonly pid: number | undefined;
  /** One score per text, larger is better; sigmoid of the cross-encoder's output, 0 to 1. */
  rerank(query: string, texts: readonly string[], signal?: AbortSignal): Promise<number[]>;
  close(): Promise<void>;
  onExit(listener: (reason: string) => void): () => void;
}
