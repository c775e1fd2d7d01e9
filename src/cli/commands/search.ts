import type { Command } from 'commander';
import { z } from 'zod';
import type { Hit, SearchResult } from '../../kb/types.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { chooseKb, withKb } from '../kb-client.ts';
import { needModels } from '../need-models.ts';
import { addSearchOptions, chosen, type SearchOptions, searchOptionsSchema } from '../search-options.ts';

const TOP_K = 5;

/** `ragtui search "query" --kb NAME`. */
export function addSearch(program: Command, invocation: Invocation): void {
  const command = program.command('search').description('find chunks').argument('<query>');
  const schemas = { args: z.tuple([z.string().trim().min(1, 'the query is empty')]), options: searchOptionsSchema };
  handle(addSearchOptions(command, TOP_K), invocation, schemas, search);
}

async function search(context: CommandContext, [query]: [string], options: SearchOptions): Promise<undefined> {
  const { mode = 'hybrid', topK = TOP_K, instruction, filter } = options;
  await withKb(context, async (kb) => {
    const base = await chooseKb(context, kb, options.kb);
    const embedder = options.embedder ?? base.embedders[0];
    const models = [
      ...(mode !== 'bm25' && embedder ? [embedder] : []),
      ...(options.reranker ? [options.reranker] : []),
    ];
    await needModels(context, models, options.pull);
    const request = { kb: base.name, query, mode, topK, instruction, filter, ...chosen(options) };
    const found = await kb.call('search', request, { signal: context.signal });
    context.out.result({ query, kb: base.name, ...found }, () => searchLines(found));
  });
}

function searchLines(found: SearchResult): string[] {
  const { timing, hits, relevant } = found;
  if (hits.length === 0) return ['Nothing found.'];
  const parts = [
    `${found.mode}, group ${found.group}`,
    ...(found.embedder ? [found.embedder] : []),
    ...(found.search === 'none' ? [] : [found.search === 'server' ? (found.server?.name ?? '') : found.search]),
    ...(found.unindexed ? [`${found.unindexed} vectors not looked at yet: their index is being built`] : []),
    ...(found.embedder === null ? [] : [`embedding ${timing.embeddingMs.toFixed(1)} ms`]),
    `retrieval ${timing.retrievalMs.toFixed(1)} ms`,
    ...(timing.rerankMs > 0 ? [`rerank ${timing.rerankMs.toFixed(1)} ms`] : []),
  ];
  return [
    ...(relevant ? [] : ['Nothing relevant was found; the nearest chunks:']),
    ...hits.flatMap(hitLines),
    parts.join(' · '),
    ...(found.server?.why ? [`${found.server.name} did not answer: ${found.server.why}`] : []),
  ];
}

/** A chunk with where it is from: rank, score and its kind, document, UTF-16 span in the extracted text. */
export function hitLines(hit: Hit): string[] {
  const text = hit.text
    .trim()
    .split('\n')
    .map((line) => `   ${line}`);
  return [
    `${hit.rank}. ${hit.score.toFixed(4)} ${hit.scoreKind}  ${hit.document} [${hit.start}–${hit.end}]`,
    ...text,
    '',
  ];
}
