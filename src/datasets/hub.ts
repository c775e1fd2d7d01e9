import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { hubSource } from '../models/sources/hub.ts';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { hashFile, throwIfAborted } from '../platform/files.ts';
import { lockFile } from '../platform/lock.ts';
import { request } from '../platform/network.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type HubFile, pickHubFiles } from './hub-files.ts';
import type { InputFile } from './inputs.ts';

const PREFIX = 'hub:';
const ANSWER_WITHIN_MS = 20_000;
const MOST_PAGES = 200;

export interface HubOptions {
  /** `train`, `test`, `validation`, `all`; default: train, or everything where the files name no split. */
  readonly split?: string;
  /** Folder of the repository that holds the subset. */
  readonly subset?: string;
  /** `HF_ENDPOINT`, `HF_TOKEN`; default: the process's. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Bytes that have come of all, and the file that comes now. */
  readonly onBytes?: (bytes: number, total: number, file: string) => void;
}

export interface HubSource {
  readonly repo: string;
  readonly revision: string;
  /** A folder or a file within it; '' = everything. */
  readonly path: string;
}

export interface HubInputs {
  /** `hub:owner/name@commit`. */
  readonly name: string;
  readonly files: readonly InputFile[];
  /** Removes the downloads: the rows are kept by now. Without it they wait for the next try. */
  done(): void;
}

export const isHubSource = (source: string): boolean => source.startsWith(PREFIX);

/** `hub:owner/name`, with `@revision` and `:folder/or/file` where wanted. Errors: `usage`. */
export function parseHubSource(source: string): HubSource {
  const [, repo, revision = 'main', inside = ''] =
    /^hub:((?:[\w.-]+\/)?[\w.-]+)(?:@([\w./-]+))?(?::(.+))?$/.exec(source) ?? [];
  if (repo && !repo.split('/').some((part) => /^\.+$/.test(part))) return { repo, revision, path: inside };
  throw new RagtuiError(
    'usage',
    `"${source}" names no dataset of the hub.`,
    'Write hub:owner/name, hub:owner/name@revision or hub:owner/name:folder.',
  );
}

const treeSchema = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().int().nonnegative().default(0),
    lfs: z.object({ oid: z.string() }).optional(),
  }),
);
const revisionSchema = z.object({ sha: z.string().regex(/^[0-9a-f]{7,64}$/) });

/**
 * The files of one split of a dataset of the hub (or of `HF_ENDPOINT`, with `HF_TOKEN`), downloaded into the
 * workspace; a download that broke off is continued, what the hub gives a hash for is checked.
 * Errors: `usage`, `not-found`, `permission`, `network`, `checksum`, `cancelled`.
 */
export async function hubInputs(paths: WorkspacePaths, source: string, options: HubOptions = {}): Promise<HubInputs> {
  const { repo, revision, path: inside } = parseHubSource(source);
  const env = options.env ?? process.env;
  const asked = { repo, env, ...(options.signal ? { signal: options.signal } : {}) };
  const { sha } = understood(env, revisionSchema, (await ask(asked, `revision/${encodeURIComponent(revision)}`)).body);
  const picked = pickHubFiles(repo, await listTree(asked, sha), { ...options, inside });
  const key = createHash('sha256').update(`${repo}@${sha}`).digest('hex').slice(0, 16);
  const folder = path.join(paths.datasets, '.hub', key);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = await lockFile(`${folder}.lock`, options.signal ? { signal: options.signal } : {});
  try {
    const total = picked.reduce((sum, file) => sum + file.size, 0);
    const files: InputFile[] = [];
    let before = 0;
    for (const [at, file] of picked.entries()) {
      // The hub's names do not become paths of ours.
      const target = path.join(
        folder,
        `${at}-${createHash('sha256').update(file.path).digest('hex').slice(0, 12)}${/(\.[a-z]+)?(\.gz)?$/i.exec(file.path)?.[0] ?? ''}`,
      );
      await download(
        target,
        file,
        { repo, sha, env },
        (bytes) => options.onBytes?.(before + bytes, total, file.path),
        options.signal,
      );
      before += file.size;
      files.push({ path: target, name: file.path });
    }
    const [only] = files;
    return {
      name: `hub:${repo}@${sha.slice(0, 12)}${only && files.length === 1 ? `:${only.name}` : ''}`,
      files,
      done: () => rmSync(folder, { recursive: true, force: true }),
    };
  } finally {
    release();
  }
}

interface Asked {
  readonly repo: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

const endpointOf = (env: NodeJS.ProcessEnv): string =>
  (env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');

/** All files of a revision, page by page. */
async function listTree(asked: Asked, sha: string): Promise<HubFile[]> {
  const files: HubFile[] = [];
  let next: string | undefined = `tree/${sha}?recursive=true`;
  for (let page = 0; next !== undefined && page < MOST_PAGES; page++) {
    const { body, link } = await ask(asked, next);
    for (const { type, path: name, size, lfs } of understood(asked.env, treeSchema, body)) {
      const hashed = lfs && /^[0-9a-f]{64}$/.test(lfs.oid) ? { sha256: lfs.oid } : {};
      if (type === 'file') files.push({ path: name, size, ...hashed });
    }
    next = link;
  }
  return files;
}

/** One answer of the hub's API about a dataset. `what` is below it, or a whole URL of the same host. */
async function ask({ repo, env, signal }: Asked, what: string): Promise<{ body: unknown; link: string | undefined }> {
  const base = endpointOf(env);
  if (!URL.canParse(base)) {
    throw new RagtuiError('usage', `HF_ENDPOINT is no URL: ${base}`, 'Set it to one like https://huggingface.co.');
  }
  const host = new URL(base).host;
  const url = /^https?:/.test(what) ? what : `${base}/api/datasets/${repo}/${what}`;
  if (new URL(url).host !== host) throw new RagtuiError('network', `${host} points to another host for its list.`);
  const limit = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const headers: Record<string, string> = { 'user-agent': 'ragtui', accept: 'application/json' };
  if (env['HF_TOKEN']) headers['authorization'] = `Bearer ${env['HF_TOKEN']}`;
  try {
    const response = await request(url, { headers, signal: signal ? AbortSignal.any([signal, limit]) : limit });
    refuse(response.status, repo, base);
    const next = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    return { body: await response.json(), link: next };
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof RagtuiError) throw error;
    const why = limit.aborted ? `no answer within ${ANSWER_WITHIN_MS / 1000} s` : toRagtuiError(causeOf(error)).message;
    throw new RagtuiError(
      'network',
      `${host} cannot be asked for ${repo}: ${why}.`,
      'Check the network, or set HF_ENDPOINT to a mirror.',
      { cause: error },
    );
  }
}

/** What the hub's API said, as the API has it. Errors: `network`. */
function understood<T>(env: NodeJS.ProcessEnv, schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new RagtuiError(
    'network',
    `${new URL(endpointOf(env)).host} does not answer like the Hugging Face hub.`,
    'Set HF_ENDPOINT to the address of a hub or a mirror of it.',
  );
}

const causeOf = (error: unknown): unknown => (error instanceof Error && error.cause ? error.cause : error);

function refuse(status: number, repo: string, base: string): void {
  if (status === 401 || status === 403) {
    throw new RagtuiError(
      'permission',
      `The dataset ${repo} is gated, private, or does not exist (HTTP ${status}).`,
      `Accept its terms at ${base}/datasets/${repo}, then set HF_TOKEN to your access token.`,
    );
  }
  if (status === 404)
    throw new RagtuiError(
      'not-found',
      `${new URL(base).host} has no dataset ${repo} in that revision.`,
      'Check the name.',
    );
  if (status === 429)
    throw new RagtuiError('busy', 'The hub asks to come back later.', 'Wait a little, or set HF_TOKEN.');
  if (status !== 200) throw new RagtuiError('network', `${new URL(base).host} answered HTTP ${status} for ${repo}.`);
}

async function download(
  target: string,
  file: HubFile,
  { repo, sha, env }: { repo: string; sha: string; env: NodeJS.ProcessEnv },
  onBytes: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (existsSync(target) && statSync(target).size === file.size) return onBytes(file.size);
  const part = `${target}.part`;
  const source = { kind: 'hub' as const, repo: `datasets/${repo}`, revision: sha, file: file.path };
  const wanted = {
    name: file.path,
    bytes: file.size,
    sources: [source],
    ...(file.sha256 ? { sha256: file.sha256 } : {}),
  };
  // A server may never stop: what is longer than announced is not the file.
  const tooMuch = new AbortController();
  const either = signal ? AbortSignal.any([signal, tooMuch.signal]) : tooMuch.signal;
  try {
    await hubSource.fetch(wanted, source, part, {
      env,
      packages: path.dirname(target),
      onBytes: (bytes) => (bytes > file.size ? tooMuch.abort() : onBytes(bytes)),
      signal: either,
    });
  } catch (error) {
    if (!tooMuch.signal.aborted) throw error;
  }
  throwIfAborted(signal);
  // Without a hash, and sent without a length, a file that broke off looks whole.
  if (statSync(part).size !== file.size) {
    rmSync(part, { force: true });
    throw new RagtuiError('checksum', `${file.path} of ${repo} is not as long as the hub says.`, 'Import it again.');
  }
  if (file.sha256 && (await hashFile(part, signal)) !== file.sha256) {
    rmSync(part, { force: true });
    throw new RagtuiError('checksum', `${file.path} of ${repo} is not what the hub says it is.`, 'Import it again.');
  }
  renameSync(part, target);
}
