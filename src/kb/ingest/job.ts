import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { JobContext } from '../../jobs/worker.ts';
import { resolveEmbedder } from '../../models/embedder-client.ts';
import { connectKb } from '../client.ts';
import { loadFile } from '../loaders/load.ts';
import { createParserPool, type ParserPool } from '../loaders/parser-pool.ts';
import { isUnreadable } from '../loaders/registry.ts';
import { loaderVersion } from '../loaders/types.ts';
import { walk } from '../loaders/walk.ts';
import { splitterVersion } from '../splitters/registry.ts';
import type { ExtractedDocument, IngestReport } from '../types.ts';
import type { IngestDeps } from './deps.ts';
import { ingestOnce } from './ingest.ts';
import { LaneEmbedders } from './lane-embedders.ts';
import { ingestRecipe } from './recipe.ts';
import { splitterOf } from './splitting.ts';
import { RootsWatcher } from './watch.ts';
import { ingestWidth } from './width.ts';

/** Formats that are read in this process up to this size: no parser stands between bytes and text. */
const PLAIN = new Set(['.txt', '.md']);
const PLAIN_MAX_BYTES = 1024 * 1024;
/** Files on their way beside those that are parsed: plain ones, and those whose texts are being stored. */
const READERS_MORE = 2;

/** The ingest job with its real parts: one pass, then, with `watch`, one more after each change until it is stopped. */
export async function runIngestJob({ work, spec, paths, report, signal }: JobContext<'ingest'>): Promise<void> {
  const resolved = await Promise.all(work.embedders.map((id) => resolveEmbedder(paths, id)));
  const kb = await connectKb(paths, { signal });
  const width = ingestWidth(paths);
  const parsers = createParserPool({ size: width.parsers });
  const embedders = new LaneEmbedders(resolved, work.threads ?? width.embedders, (id, reason) =>
    report.log('warn', `A process of embedder ${id} was started again: ${reason}`),
  );
  const deps: IngestDeps = {
    kb,
    work,
    owner: spec.id,
    embedders: resolved.map(({ id, fingerprint, dimension }) => ({ id, fingerprint, dimension })),
    recipe: ingestRecipe({
      loaderVersion,
      splitterVersion,
      groups: work.groups,
      embedders: resolved.map((r) => r.fingerprint),
    }),
    isUnreadable,
    walk: (roots, abort) => walk(roots, { signal: abort }),
    read: (file, abort) => readDocuments(file, parsers, abort),
    split: await splitterOf(paths, work.groups),
    embed: (lane, embedder, texts) => embedders.embed(lane, embedder, texts),
    lanes: embedders.lanes,
    batch: embedders.batch,
    readers: width.parsers + READERS_MORE,
    onProgress: report.progress.bind(report),
    onLog: report.log.bind(report),
    signal,
  };
  const watcher = work.watch ? new RootsWatcher(work.roots, signal) : undefined;
  try {
    await watcher?.ready();
    do {
      const result = await ingestOnce(deps);
      report.artifact('report', '', result);
      report.log('info', reportLine(result));
    } while (watcher && (await watcher.next()));
  } finally {
    await Promise.allSettled([watcher?.close(), embedders.close(), parsers.close(), kb.close()]);
  }
}

async function* readDocuments(
  file: string,
  parsers: ParserPool,
  signal: AbortSignal,
): AsyncGenerator<ExtractedDocument[]> {
  const plain = PLAIN.has(path.extname(file).toLowerCase()) && (await stat(file)).size <= PLAIN_MAX_BYTES;
  yield* plain ? loadFile(file) : parsers.parse(file, {}, signal);
}

function reportLine(report: IngestReport): string {
  const { added, changed, unchanged, removed, failed, chunks, embedded, seconds } = report;
  return `${added} added, ${changed} changed, ${unchanged} unchanged, ${removed} removed, ${failed.length} failed; ${chunks} chunks, ${embedded} embedded in ${seconds.toFixed(1)} s`;
}
