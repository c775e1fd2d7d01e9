import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import os from 'node:os';
import { type EndpointFile, jobFiles, writeJsonFile } from '../../jobs/folder.ts';
import type { JobContext } from '../../jobs/worker.ts';
import { resolveEmbedder } from '../../models/embedder-client.ts';
import { promiseFile } from '../../models/store.ts';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { untilIdle } from '../http/until-idle.ts';
import { EmbeddingHttpServer } from './http.ts';
import { EmbedderLanes } from './lanes.ts';
import { type EmbedPlain, holdToPromise, keptLine, repeatCheck } from './promise.ts';

/** Answers under way when the server is asked to stop may end in this time; less than a stop waits before it kills. */
const DRAIN_MS = 10_000;
/** Each process holds the model once more: more are only started on request. */
const MOST_LANES = 4;

/** Embedder processes of one thread each: all cores but one, a few at most. */
export const defaultLanes = (cores = os.availableParallelism()): number => Math.min(MOST_LANES, Math.max(1, cores - 1));

/** The body of a `serve` job on our own runtime: loads the embedder, answers until it is stopped or idle for long enough. */
export async function serveEmbedder({ work, folder, paths, report, signal }: JobContext<'serve'>): Promise<void> {
  const resolved = await resolveEmbedder(paths, work.model);
  if (resolved.source.kind !== 'folder') {
    throw new RagtuiError('usage', `${work.model} is a server already.`, 'Use it by its name.');
  }
  const key = randomBytes(24).toString('base64url');
  const server = new EmbeddingHttpServer({ name: work.model, key });
  const broken = new AbortController();
  const giveUp = (error: unknown) => {
    server.refuse(toRagtuiError(error).message);
    broken.abort(error);
  };
  const hold = (embed: EmbedPlain) => holdToPromise(promiseFile(paths, resolved.fingerprint), work.model, embed);
  const lanes = new EmbedderLanes(resolved, {
    lanes: work.parallel ?? defaultLanes(),
    onRestart: (reason) => {
      server.metrics.restarted();
      report.log('warn', `an embedder process was started again, its work is done anew: ${reason}`);
    },
    // Each reads the model's files again, and they may be others by then.
    verify: async (embed) => {
      try {
        report.log('info', keptLine(await hold(embed)));
      } catch (error) {
        giveUp(error);
        throw error;
      }
    },
  });
  const check = () =>
    hold(async (texts) => (await lanes.embed(texts, { kind: 'query', instruction: false }, { signal })).vectors);
  const url = await server.listen();
  const endpointFile = jobFiles(folder).endpoint;
  const tell = (ready: boolean) =>
    writeJsonFile(endpointFile, { url, key, model: work.model, ready } satisfies EndpointFile);
  tell(false);
  try {
    report.log('info', `loading ${work.model}`);
    await lanes.embed(['1'], { kind: 'passage' }, { signal });
    server.serve(lanes);
    tell(true);
    report.ready();
    report.log('info', `serving ${work.model}, ${work.model}:query and ${work.model}:plain at ${url}`);
    repeatCheck(check, giveUp, signal);
    await untilIdle(server, work.idleMinutes, AbortSignal.any([signal, broken.signal]));
    broken.signal.throwIfAborted();
    if (!signal.aborted) report.log('info', `nobody asked for ${work.idleMinutes} minutes: stopping`);
  } finally {
    rmSync(endpointFile, { force: true });
    if (server.metrics.load > 0) report.log('info', `${server.metrics.load} requests may end before the server does`);
    await server.drain(DRAIN_MS);
    await lanes.close();
    await server.close();
  }
}
