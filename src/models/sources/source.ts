import type { z } from 'zod';
import type { ModelSource, modelFileSchema } from '../types.ts';

export type ModelFile = z.infer<typeof modelFileSchema>;

export interface FetchOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Where whole packages wait until the model is complete, so that two files of one jar cost one download. */
  readonly packages: string;
  readonly signal?: AbortSignal;
  /** Bytes so far of this file; for packages an estimate from the growing download. */
  readonly onBytes: (bytes: number, phase: 'downloading' | 'extracting', total?: number) => void;
}

/**
 * One way to get a file. `fetch` fills `part`, going on where an earlier attempt of the same source stopped; the
 * caller hashes it afterwards. Returns the sha256 the source itself promises, if it does. Throws a RagtuiError that says in one line why this source cannot serve.
 */
export interface SourceDriver<S extends ModelSource> {
  /** For a person: "Hugging Face hub BAAI/bge-m3", "Maven artifact …". */
  describe(source: S, env: NodeJS.ProcessEnv): string;
  fetch(file: ModelFile, source: S, part: string, options: FetchOptions): Promise<string | undefined>;
}

export type SourceOf<K extends ModelSource['kind']> = Extract<ModelSource, { kind: K }>;
