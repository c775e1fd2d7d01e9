import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Response } from 'undici';
import { z } from 'zod';
import { errnoOf, RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { throwIfAborted } from '../../platform/files.ts';
import { request } from '../../platform/network.ts';
import type { FetchOptions, ModelFile, SourceDriver, SourceOf } from './source.ts';

type HubSource = SourceOf<'hub'>;

const ANSWER_WITHIN_MS = 10_000;
const STALL_MS = 30_000;
const REDIRECTS = 5;
const ATTEMPTS = 4;

/** What an unfinished download was of: it is only continued when the hub still has that very file. */
const partMetaSchema = z.object({ url: z.string(), etag: z.string(), total: z.number().nullable() });
type PartMeta = z.infer<typeof partMetaSchema>;

interface Answer {
  readonly response: Response;
  readonly etag: string;
  readonly total: number | null;
}

/** The Hugging Face hub or a mirror of it (`HF_ENDPOINT`), with `HF_TOKEN` when set; downloads are continued. */
export const hubSource: SourceDriver<HubSource> = {
  describe: (source, env) => `${hostOf(env)} ${source.repo}`,

  async fetch(file, source, part, options) {
    let idle = 0;
    for (let attempt = 1; ; attempt += 1) {
      const before = sizeOf(part);
      try {
        const etag = await download(file, source, part, options);
        rmSync(metaFile(part), { force: true });
        return isSha256(etag) ? etag : undefined;
      } catch (error) {
        throwIfAborted(options.signal);
        // A broken line is worth another try, but not one that brings nothing twice in a row.
        idle = sizeOf(part) > before ? 0 : idle + 1;
        if (!(error instanceof Dropped) || idle > 1 || attempt >= ATTEMPTS) throw plain(error);
      }
    }
  },
};

/** The transfer broke off in the middle. */
class Dropped extends Error {}

async function download(file: ModelFile, source: HubSource, part: string, options: FetchOptions): Promise<string> {
  const base = endpointOf(options.env);
  const path = [...source.repo.split('/'), 'resolve', source.revision, ...source.file.split('/')];
  const url = `${base}/${path.map(encodeURIComponent).join('/')}`;
  const meta = readMeta(part);
  const from = meta?.url === url ? sizeOf(part) : 0;
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'ragtui' };
  if (options.env['HF_TOKEN']) headers['authorization'] = `Bearer ${options.env['HF_TOKEN']}`;
  // No If-Range: behind the redirect the file has another etag than the hub's own, which we compare ourselves.
  if (from > 0) headers['range'] = `bytes=${from}-`;

  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const answer = await follow(url, headers, signal, stop);
  refuse(answer, file, source, options.env);
  const goesOn = answer.response.status === 206 && startOf(answer.response) === from && answer.etag === meta?.etag;
  if (answer.response.status === 206 && !goesOn) {
    // The hub has another file by now: begin again.
    rmSync(part, { force: true });
    rmSync(metaFile(part), { force: true });
    await answer.response.body?.cancel();
    return download(file, source, part, options);
  }
  const next: PartMeta = { url, etag: answer.etag, total: answer.total };
  if (!goesOn) writeFileSync(metaFile(part), JSON.stringify(next), { mode: 0o600 });
  await save(answer, part, goesOn ? from : 0, options, stop);
  return answer.etag;
}

/** Follows redirects by hand: the hub's own headers stand on its first answer, and a token must not go to another host. */
async function follow(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
  stop: AbortController,
): Promise<Answer> {
  const timer = setTimeout(() => stop.abort(), ANSWER_WITHIN_MS);
  try {
    let at = new URL(url);
    let sent = headers;
    let etag = '';
    let linkedSize: number | null = null;
    for (let hop = 0; hop <= REDIRECTS; hop += 1) {
      const response = await request(at, { headers: sent, redirect: 'manual', signal });
      etag ||= bare(response.headers.get('x-linked-etag'));
      linkedSize ??= numberOf(response.headers.get('x-linked-size'));
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || !location) {
        return { response, etag: etag || bare(response.headers.get('etag')), total: linkedSize ?? totalOf(response) };
      }
      await response.body?.cancel();
      const to = new URL(location, at);
      if (to.protocol === 'http:' && at.protocol === 'https:')
        throw new RagtuiError('network', 'it redirects to an unencrypted address');
      if (to.origin !== at.origin)
        sent = Object.fromEntries(Object.entries(sent).filter(([name]) => name !== 'authorization'));
      at = to;
    }
    throw new RagtuiError('network', 'it redirects in circles');
  } catch (error) {
    if (stop.signal.aborted) throw new RagtuiError('timeout', `no answer within ${ANSWER_WITHIN_MS / 1000} s`);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Throws for every answer that is not the file wanted, before a byte of it is read. */
function refuse({ response, etag, total }: Answer, file: ModelFile, source: HubSource, env: NodeJS.ProcessEnv): void {
  const { status } = response;
  if (status === 401 || status === 403) {
    throw new RagtuiError(
      'permission',
      `${source.repo} is gated or private (HTTP ${status})`,
      `Accept its terms at ${endpointOf(env)}/${source.repo}, then set HF_TOKEN to your access token.`,
    );
  }
  if (status === 404) throw new RagtuiError('not-found', `it has no ${source.file} (HTTP 404)`);
  if (status === 429)
    throw new RagtuiError('busy', 'it asks to come back later (HTTP 429)', 'Wait a little, or set HF_TOKEN.');
  if (status !== 200 && status !== 206 && status !== 416) throw new RagtuiError('network', `HTTP ${status}`);
  // For large files the hub's etag is their sha256.
  if (file.sha256 && ((isSha256(etag) && etag !== file.sha256) || (total !== null && total !== file.bytes))) {
    throw new RagtuiError('checksum', `its ${source.file} is not the file of the catalogue`);
  }
}

async function save(
  answer: Answer,
  part: string,
  from: number,
  options: FetchOptions,
  stop: AbortController,
): Promise<void> {
  if (answer.response.status === 416) {
    if (answer.total !== null && from === answer.total) return;
    rmSync(part, { force: true });
    throw new Dropped('the part was longer than the file');
  }
  const handle = await open(part, from > 0 ? 'r+' : 'w', 0o600);
  let bytes = from;
  let timer = setTimeout(() => stop.abort(), STALL_MS);
  try {
    const body = answer.response.body;
    if (!body) throw new RagtuiError('network', 'an empty answer');
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), STALL_MS);
      await handle.write(value, 0, value.length, bytes);
      bytes += value.length;
      options.onBytes(bytes, 'downloading', answer.total ?? undefined);
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOSPC' || error instanceof RagtuiError) throw error;
    throw new Dropped(stop.signal.aborted ? `nothing came for ${STALL_MS / 1000} s` : 'the connection broke off');
  } finally {
    clearTimeout(timer);
    await handle.close();
  }
  if (answer.total !== null && bytes < answer.total) throw new Dropped('the connection broke off');
}

function plain(error: unknown): RagtuiError {
  if (error instanceof RagtuiError) return error;
  if (error instanceof Dropped) return new RagtuiError('network', `${error.message}; what came is kept`);
  const cause = error instanceof Error && error.cause ? error.cause : error;
  const known = toRagtuiError(cause);
  const texts: Partial<Record<typeof known.code, string>> = {
    network: 'its name cannot be resolved',
    unavailable: 'it refuses connections',
    timeout: 'no answer',
  };
  const text = texts[known.code] ?? known.message;
  return new RagtuiError(known.code === 'internal' ? 'network' : known.code, text, '', { cause: error });
}

const endpointOf = (env: NodeJS.ProcessEnv): string =>
  (env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');
function hostOf(env: NodeJS.ProcessEnv): string {
  try {
    return new URL(endpointOf(env)).host;
  } catch {
    throw new RagtuiError(
      'usage',
      `HF_ENDPOINT is not a URL: ${endpointOf(env)}`,
      'Set it to something like https://host.',
    );
  }
}

const isSha256 = (etag: string): boolean => /^[0-9a-f]{64}$/.test(etag);
const metaFile = (part: string): string => `${part}.json`;
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
const bare = (etag: string | null): string => (etag ?? '').replace(/^W\//, '').replaceAll('"', '');
const numberOf = (value: string | null): number | null => (value && /^\d+$/.test(value) ? Number(value) : null);

function readMeta(part: string): PartMeta | undefined {
  try {
    return partMetaSchema.parse(JSON.parse(readFileSync(metaFile(part), 'utf8')));
  } catch {
    return undefined;
  }
}

function startOf(response: Response): number | undefined {
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  return start === undefined ? undefined : Number(start);
}

function totalOf(response: Response): number | null {
  const range = response.headers.get('content-range');
  if (range) return numberOf(/\/(\d+)$/.exec(range)?.[1] ?? null);
  return response.status === 200 ? numberOf(response.headers.get('content-length')) : null;
}
