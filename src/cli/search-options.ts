import type { Command } from 'commander';
import { z } from 'zod';
import { searchModeSchema } from '../kb/types.ts';
import { collect } from './define.ts';

/** The options of `search` that `ask` takes too. */
export function addSearchOptions(command: Command, topK: number): Command {
  return command
    .option('--kb <name>', 'the knowledge base (default: the settings, else the only one)')
    .option('--group <name>', 'node group (default: the first one of the knowledge base)')
    .option('--embedder <id>', 'embedder (default: the active one)')
    .option('--mode <mode>', 'vector, bm25 or hybrid (default: hybrid)')
    .option('--top-k <n>', `how many chunks (default: ${topK})`)
    .option('--instruction <on|off>', "put the embedder's query instruction before the query (default: on)")
    .option('--reranker <id>', 'cross-encoder that sorts the chunks again')
    .option(
      '--filter <key=value>',
      'only documents with this metadata; path=GLOB matches the name; repeatable',
      collect,
    )
    .option('--no-pull', 'do not fetch a missing default model');
}

const pairs = z
  .array(z.string().regex(/^[^=]+=/, 'write key=value'))
  .default([])
  .transform((list) =>
    Object.fromEntries(list.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])),
  );

export const searchOptionsSchema = z.object({
  kb: z.string().min(1).optional(),
  group: z.string().min(1).optional(),
  embedder: z.string().min(1).optional(),
  mode: searchModeSchema.optional(),
  topK: z.coerce.number('a whole number').int('a whole number').min(1).max(1000).optional(),
  instruction: z
    .enum(['on', 'off'], 'on or off')
    .default('on')
    .transform((word) => word === 'on'),
  reranker: z.string().min(1).optional(),
  filter: pairs,
  pull: z.boolean().default(true),
});
export type SearchOptions = z.output<typeof searchOptionsSchema>;

/** What an optional part of a request is when it was given; nothing else gets into the object. */
export function chosen({ group, embedder, reranker }: SearchOptions) {
  return {
    ...(group === undefined ? {} : { group }),
    ...(embedder === undefined ? {} : { embedder }),
    ...(reranker === undefined ? {} : { reranker }),
  };
}
