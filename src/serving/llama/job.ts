import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type EndpointFile, jobFiles, writeJsonFile } from '../../jobs/folder.ts';
import type { JobContext } from '../../jobs/worker.ts';
import { convertLora } from '../../models/gguf/lora.ts';
import { fileOf, installedModel } from '../../models/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { ServeWork } from '../types.ts';
import { type AdapterFile, loadEngines } from './engine.ts';
import { LlmHttpServer } from './http.ts';

const MEGABYTE = 1024 * 1024;
/** Weights are mapped and used; context and buffers come on top. */
const MEMORY_FACTOR = 1.2;

/** The body of a `serve` job: loads the model, answers until it is stopped or has been idle for long enough. */
export async function serveLlama({ work, folder, paths, report, signal }: JobContext<'serve'>): Promise<void> {
  const file = fileOf(installedModel(paths, work.model), 'model.gguf');
  checkMemory(file, work.model);
  const key = randomBytes(24).toString('base64url');
  const server = new LlmHttpServer({ model: work.model, key });
  const url = await server.listen();
  const endpointFile = jobFiles(folder).endpoint;
  const tell = (ready: boolean) =>
    writeJsonFile(endpointFile, { url, key, model: work.model, ready } satisfies EndpointFile);
  tell(false);
  try {
    report.log('info', `loading ${work.model}`);
    const { base, adapters } = await loadEngines(file, work.contextTokens, adapterFiles(work, file, folder));
    server.serve(base, adapters);
    tell(true);
    report.ready();
    report.log(
      'info',
      `serving ${[work.model, ...adapters.keys()].join(', ')} at ${url} with a context of ${base.contextTokens} tokens`,
    );
    await untilIdle(server, work.idleMinutes, signal);
    if (!signal.aborted) report.log('info', `nobody asked for ${work.idleMinutes} minutes: stopping`);
  } finally {
    rmSync(endpointFile, { force: true });
    await server.close();
  }
}

/** Adapters as GGUF files of this job: the engine keeps what it read by path, so no path is ever used twice. */
function adapterFiles({ adapters }: ServeWork, base: string, folder: string): AdapterFile[] {
  const target = path.join(folder, 'adapters');
  if (adapters.length > 0) mkdirSync(target, { recursive: true, mode: 0o700 });
  return adapters.map(({ name, path: source }) => {
    const file = path.join(target, `${name}.gguf`);
    if (source.endsWith('.gguf')) copyFileSync(source, file);
    else convertLora({ adapter: source, base, out: file });
    return { name, file };
  });
}

async function untilIdle(server: LlmHttpServer, idleMinutes: number, signal: AbortSignal): Promise<void> {
  const limit = idleMinutes > 0 ? idleMinutes * 60_000 : Number.POSITIVE_INFINITY;
  while (!signal.aborted && server.idleMs < limit) {
    const wait = Math.min(60_000, Math.max(50, limit - server.idleMs));
    await delay(wait, undefined, { signal }).catch(() => {});
  }
}

function checkMemory(file: string, model: string): void {
  const needed = statSync(file).size * MEMORY_FACTOR;
  const available = availableMemory();
  if (available < needed) {
    const mb = (bytes: number) => `${Math.ceil(bytes / MEGABYTE)} MB`;
    throw new RagtuiError(
      'unavailable',
      `${model} needs about ${mb(needed)} of memory; ${mb(available)} are free.`,
      'Close other programs or take a smaller model.',
    );
  }
}

/** MemAvailable of Linux, and what a container is allowed at most; no limit where neither is known. */
function availableMemory(): number {
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  try {
    const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    return Math.min(limit, kilobytes ? Number(kilobytes) * 1024 : Number.POSITIVE_INFINITY);
  } catch {
    return limit;
  }
}
