import type { JobContext } from '../../jobs/worker.ts';
import { resolveEmbedder } from '../../models/embedder-client.ts';
import { connectKb } from '../client.ts';
import { LaneEmbedders } from '../ingest/lane-embedders.ts';
import { ingestWidth } from '../ingest/width.ts';
import { buildShadow } from './build.ts';

/** The body of a `shadow` job: one embedder process a lane, and the kb service. */
export async function runShadowJob({ work, paths, report, signal }: JobContext<'shadow'>): Promise<void> {
  const resolved = await resolveEmbedder(paths, work.embedder);
  const { id, fingerprint, dimension } = resolved;
  const kb = await connectKb(paths, { signal });
  const threads = work.threads ?? ingestWidth(paths).embedders;
  const embedders = new LaneEmbedders([resolved], threads, (_, reason) =>
    report.log('warn', `A process of embedder ${id} was started again: ${reason}`),
  );
  try {
    const made = await buildShadow({
      kb,
      name: work.kb,
      embedder: { id, fingerprint, dimension },
      lanes: embedders.lanes,
      batch: embedders.batch,
      embed: (lane, embedder, texts) => embedders.embed(lane, embedder, texts),
      onProgress: report.progress.bind(report),
      onLog: report.log.bind(report),
      signal,
    });
    report.artifact('shadow', '', made);
    report.log('info', `Ready: ${made.texts} texts, ${made.embedded} embedded in ${made.seconds.toFixed(1)} s`);
  } finally {
    await Promise.allSettled([embedders.close(), kb.close()]);
  }
}
