import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { type EndpointFile, jobFiles, writeJsonFile } from '../../jobs/folder.ts';
import type { JobContext, JobReport } from '../../jobs/worker.ts';
import { convertLora } from '../../models/gguf/lora.ts';
import { fileOf, installedModel } from '../../models/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { firstVersions, firstVersionsLoaded } from '../adapters/at-start.ts';
import { watchAdapters } from '../adapters/watch-checks.ts';
import { untilIdle } from '../http/until-idle.ts';
import { availableMemory, embeddedNeed, inMegabytes } from '../memory.ts';
import { DEFAULT_PARALLEL, type ServeWork } from '../types.ts';
import type { ModelHost } from './engine.ts';
import { type LlamaHost, loadHost } from './host.ts';
import { LlmHttpServer } from './http.ts';

/** Answers under way when the server is asked to stop may end in this time; less than a stop waits before it kills. */
const DRAIN_MS = 10_000;

/** The body of a `serve` job: loads the model, answers until it is stopped or has been idle for long enough. */
export async function serveLlama(context: JobContext<'serve'>): Promise<void> {
  const { work, folder, paths, report, signal } = context;
  const model = work.servedName ?? work.model;
  const file = fileOf(installedModel(paths, work.model), 'model.gguf');
  checkMemory(file, work);
  const key = randomBytes(24).toString('base64url');
  const server = new LlmHttpServer({ model, key });
  const url = await server.listen();
  const endpointFile = jobFiles(folder).endpoint;
  const tell = (ready: boolean, adapters: ServeWork['adapters']) =>
    writeJsonFile(endpointFile, { url, key, model, ready, adapters } satisfies EndpointFile);
  tell(false, []);
  try {
    report.log('info', `loading ${work.model}`);
    const prepare = adapterMaker(file, path.join(folder, 'gguf'));
    // Who deploys by hand goes from version to version; for a question or a comparison the newest is what is meant.
    const atStart = work.idleMinutes === 0 ? await firstVersions(context, null) : work.adapters;
    const host = await loadHost(file, {
      contextTokens: work.contextTokens,
      parallel: work.parallel ?? DEFAULT_PARALLEL,
      adapters: atStart.map(({ name, path: source }) => ({ name, file: prepare(name, source) })),
      prepare,
    });
    server.serve(announcing(host, atStart, report, (adapters) => tell(true, adapters)));
    if (work.idleMinutes === 0) await firstVersionsLoaded(folder, atStart);
    tell(true, atStart);
    report.ready();
    const names = [model, ...atStart.map(({ name }) => name)].join(', ');
    report.log('info', `serving ${names} at ${url} with a context of ${host.base.contextTokens} tokens`);
    const ending = AbortSignal.any([signal, server.retired]);
    // A check that fails has said so; the server does not depend on it.
    watchAdapters(context, { url, key }, ending).catch((error: unknown) => report.error(error));
    await untilIdle(server, work.idleMinutes, ending);
    if (server.retired.aborted) report.log('info', 'idle, and another model needs the memory: stopping');
    else if (!signal.aborted) report.log('info', `nobody asked for ${work.idleMinutes} minutes: stopping`);
  } finally {
    rmSync(endpointFile, { force: true });
    if (server.load > 0) report.log('info', `${server.load} requests may end before the server does`);
    await server.drain(DRAIN_MS);
    await server.close();
  }
}

/** The host, and whoever looks at the job learns which adapters it has. */
function announcing(
  host: LlamaHost,
  atStart: ServeWork['adapters'],
  report: JobReport,
  tell: (adapters: ServeWork['adapters']) => void,
): ModelHost {
  let adapters = atStart;
  const change = (name: string, added: ServeWork['adapters'], text: string) => {
    adapters = [...adapters.filter((one) => one.name !== name), ...added];
    tell(adapters);
    report.log('info', text);
  };
  return {
    base: host.base,
    adapters: host.adapters,
    parallel: host.parallel,
    kvUsage: () => host.kvUsage(),
    load: async (name, source) => {
      await host.load(name, source);
      change(name, [{ name, path: source }], `loaded ${name}`);
    },
    unload: (name) => {
      host.unload(name);
      change(name, [], `unloaded ${name}`);
    },
  };
}

/** Makes adapters into GGUF files of this job: the engine keeps what it read by path, so no path is ever used twice. */
function adapterMaker(base: string, folder: string): (name: string, source: string) => string {
  let made = 0;
  return (name, source) => {
    if (!path.isAbsolute(source) || !existsSync(source)) {
      throw new RagtuiError('not-found', `There is no adapter at ${source}.`);
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    made += 1;
    const file = path.join(folder, `${name}-${made}.gguf`);
    if (statSync(source).isDirectory()) convertLora({ adapter: source, base, out: file });
    else copyFileSync(source, file);
    return file;
  };
}

/** Once more here, for a server that was started without asking for room: `jobs retry`. */
function checkMemory(file: string, work: ServeWork): void {
  const needed = embeddedNeed(file, work);
  const available = availableMemory();
  if (available < needed) {
    throw new RagtuiError(
      'unavailable',
      `${work.model} needs about ${inMegabytes(needed)} of memory; ${inMegabytes(available)} are free.`,
      'Close other programs or take a smaller model.',
    );
  }
}
