import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type EndpointFile, jobFiles, writeJsonFile } from '../../jobs/folder.ts';
import type { JobContext } from '../../jobs/worker.ts';
import { fileOf, installedModel } from '../../models/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { loadEngine } from './engine.ts';
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
    const engine = await loadEngine(file, work.contextTokens);
    server.serve(engine);
    tell(true);
    report.ready();
    report.log('info', `serving ${work.model} at ${url} with a context of ${engine.contextTokens} tokens`);
    await untilIdle(server, work.idleMinutes, signal);
    if (!signal.aborted) report.log('info', `nobody asked for ${work.idleMinutes} minutes: stopping`);
  } finally {
    rmSync(endpointFile, { force: true });
    await server.close();
  }
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
