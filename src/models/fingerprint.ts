import { createHash } from 'node:crypto';
import type { EmbedOptions } from './embedder-types.ts';
import type { EmbedderConfig } from './types.ts';

/** 32 hex characters of the sha256 over all that changes an embedder's vectors. The query instruction and shorter lengths are not part of it. */
export function fingerprintOf(config: EmbedderConfig, weights: Readonly<Record<string, string | undefined>>): string {
  const { queryInstruction: _query, matryoshka: _lengths, ...rest } = config;
  const all = Object.entries({
    config: Object.entries(rest).sort(byName),
    weights: Object.entries(weights).sort(byName),
  });
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 32);
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

/** The text as the model sees it: with the instruction of its kind in front. */
export function withInstruction(config: EmbedderConfig, text: string, options: EmbedOptions): string {
  if (options.kind === 'passage') return config.passageInstruction + text;
  return options.instruction === false ? text : config.queryInstruction + text;
}
