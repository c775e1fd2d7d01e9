import type { ExtractedDocument } from '../types.ts';
import { loadFile } from './load.ts';
import type { LoadOptions } from './types.ts';

export interface ParserPoolOptions {
  /** Children at once. */
  readonly size: number;
  /** Resident memory a child may take, MB. */
  readonly memoryMb?: number;
  /** Time a child may work on one file, ms; waiting for the consumer does not count. */
  readonly timeoutMs?: number;
}

export interface ParserPool {
  /** The documents of a file in batches; the next batch is made when it is asked for. Throws RagtuiError. */
  parse(path: string, options?: LoadOptions, signal?: AbortSignal): AsyncIterable<ExtractedDocument[]>;
  close(): Promise<void>;
}

/** Children that parse one untrusted file at a time. (For now: in this process.) */
export function createParserPool(_options: ParserPoolOptions): ParserPool {
  return { parse: (path, options) => loadFile(path, options), close: async () => {} };
}
