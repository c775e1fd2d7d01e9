import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobWork, Progress } from '../../jobs/types.ts';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { checkRegular, readError } from '../loaders/file.ts';
import type { KbClient, Params, SourceRecord } from '../protocol.ts';
import type { ChunkDraft, ExtractedDocument, IngestReport, NodeGroup } from '../types.ts';
import { concernsAll, EmbedQueue } from './embed-queue.ts';
import { encodeVector } from './encode-vector.ts';
import { IngestProgress } from './ingest-progress.ts';
import { type FoundFile, planIngest } from './plan.ts';

export type IngestWork = Extract<JobWork, { kind: 'ingest' }>;
export type WalkEntry = FoundFile | { readonly path: string; readonly error: RagtuiError };

/** What an ingest is made of; the worker passes the real parts. */
export interface IngestDeps {
  readonly kb: KbClient;
  readonly work: IngestWork;
  /** Job id: shown to whoever has to wait for us. */
  readonly owner: string;
  readonly embedders: Params<'ingest.begin'>['embedders'];
  /** Hash of everything but the bytes that decides what a file becomes. */
  readonly recipe: string;
  /** Whether a file met in a folder is of a kind that is never read (pictures, archives …). */
  readonly isUnreadable: (path: string) => boolean;
  readonly walk: (roots: readonly string[], signal: AbortSignal) => AsyncIterable<WalkEntry>;
  readonly read: (path: string, signal: AbortSignal) => AsyncIterable<readonly ExtractedDocument[]>;
  readonly split: (text: string, group: NodeGroup) => ChunkDraft[];
  readonly embed: (
    lane: number,
    embedder: string,
    texts: readonly string[],
  ) => Promise<{ vectors: Float32Array[]; tokens: number[] }>;
  readonly lanes: number;
  readonly onProgress: (progress: Progress) => void;
  readonly onLog: (level: 'info' | 'warn' | 'error', text: string) => void;
  readonly signal: AbortSignal;
}

const READERS = 3;
const SESSION_TRIES = 5;
const UNREADABLE = '0'.repeat(32);

/**
 * Brings a knowledge base up to date with its roots, once. Can be killed at any moment and run again: what was
 * embedded is kept, a document is visible in its old or its new form and never in between.
 * @throws RagtuiError `cancelled` when `signal` fired, or what broke the whole (service gone for good, disk full).
 */
export async function ingestOnce(deps: IngestDeps): Promise<IngestReport> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ingestSession(deps);
    } catch (error) {
      const problem = toRagtuiError(error);
      if (problem.code !== 'unavailable' || attempt >= SESSION_TRIES || deps.signal.aborted) throw problem;
      deps.onLog(
        'warn',
        `${problem.message} Starting over (${attempt + 1} of ${SESSION_TRIES}); nothing already embedded is done twice.`,
      );
      await delay(250 * 2 ** attempt, undefined, { signal: deps.signal }).catch(() => undefined);
    }
  }
}

async function ingestSession(deps: IngestDeps): Promise<IngestReport> {
  const started = performance.now();
  const progress = new IngestProgress(deps.onProgress);
  const session = await beginSession(deps, progress);
  const report: IngestReport = {
    added: 0,
    changed: 0,
    unchanged: 0,
    removed: 0,
    failed: [],
    warnings: [],
    chunks: 0,
    embedded: 0,
    tokens: 0,
    seconds: 0,
  };
  const finish = async () => {
    report.seconds = (performance.now() - started) / 1000;
    await deps.kb.call('ingest.end', { session, report });
  };

  const { found, unknown } = await scan(deps, progress, report);
  const known = await deps.kb.call('ingest.sources', { session });
  const plan = await planIngest({ found, unknown, known, roots: deps.work.roots, recipe: deps.recipe }, hashFile);
  report.unchanged = plan.unchanged;
  if (plan.stillFailing > 0) report.warnings.push(stillFailingLine(plan.stillFailing, deps.work.kb));
  progress.planned(plan.todo);

  const sources = new SourceReader(deps, session, report, progress, plan.added);
  try {
    await sources.readAll(plan.todo);
  } catch (error) {
    await sources.abort();
    // Else the next try, ours or another's, would wait for this one for ever.
    await finish().catch(() => undefined);
    throw deps.signal.aborted ? cancelled() : error;
  }
  if (plan.gone.length > 0) await removeGone(deps, session, plan.gone, report);
  await finish();
  progress.finished();
  return report;
}

function cancelled(): RagtuiError {
  return new RagtuiError('cancelled', 'The ingest was stopped.', 'Run it again to go on: what was embedded is kept.');
}

/** Takes the knowledge base; waits, saying for whom, while another ingest has it. */
async function beginSession(deps: IngestDeps, progress: IngestProgress): Promise<string> {
  const { work } = deps;
  while (true) {
    if (deps.signal.aborted) throw cancelled();
    const { session, heldBy } = await deps.kb.call('ingest.begin', {
      kb: work.kb,
      groups: work.groups,
      embedders: deps.embedders,
      roots: work.roots,
      owner: deps.owner,
    });
    if (session) return session;
    progress.waitingFor(heldBy ?? 'another ingest');
    await delay(500, undefined, { signal: deps.signal }).catch(() => undefined);
  }
}

/** What is there, and the paths below which nobody can say what is there. */
interface Scan {
  readonly found: readonly FoundFile[];
  readonly unknown: readonly string[];
}

async function scan(deps: IngestDeps, progress: IngestProgress, report: IngestReport): Promise<Scan> {
  const found: FoundFile[] = [];
  const unknown: string[] = [];
  const passedOver = new Map<string, number>();
  for await (const entry of deps.walk(deps.work.roots, deps.signal)) {
    if (deps.signal.aborted) throw cancelled();
    if ('error' in entry && isPruned(deps.work, entry.path, entry.error)) {
      report.warnings.push(`${entry.path} is not there: what came from it leaves.`);
    } else if ('error' in entry) {
      report.failed.push({ path: entry.path, reason: entry.error.message, hint: entry.error.hint });
      if (entry.error.code !== 'not-found') unknown.push(entry.path);
    } else if (deps.isUnreadable(entry.path) && !deps.work.roots.includes(entry.path)) {
      const extension = path.extname(entry.path).toLowerCase();
      passedOver.set(extension, (passedOver.get(extension) ?? 0) + 1);
    } else {
      found.push(entry);
      progress.scanned(found.length);
    }
  }
  if (passedOver.size > 0) report.warnings.push(passedOverLine(passedOver));
  return { found, unknown };
}

/** Whoever asks to prune may name what is gone. */
const isPruned = (work: IngestWork, file: string, error: RagtuiError): boolean =>
  work.prune && error.code === 'not-found' && work.roots.includes(file);

function stillFailingLine(count: number, kb: string): string {
  const files =
    count === 1 ? '1 file that could not be read before has' : `${count} files that could not be read before have`;
  return `${files} not changed since: ragtui kb documents ${kb} --state failed`;
}

/** "Passed over 14 files that are not read: 12 .png, 2 .xlsx." */
function passedOverLine(counts: ReadonlyMap<string, number>): string {
  const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
  const kinds = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  const list = kinds.map(([extension, n]) => `${n} ${extension}`).join(', ');
  return `Passed over ${total} ${total === 1 ? 'file that is' : 'files that are'} not read: ${list}.`;
}

async function removeGone(deps: IngestDeps, session: string, paths: readonly string[], report: IngestReport) {
  try {
    const { removed } = await deps.kb.call('ingest.remove', { session, paths: [...paths], prune: deps.work.prune });
    report.removed += removed;
  } catch (error) {
    const problem = toRagtuiError(error);
    if (problem.code === 'unavailable') throw problem;
    report.warnings.push(`${problem.message} ${problem.hint}`.trim());
    deps.onLog('warn', problem.message);
  }
}

/** One file on its way: live when its documents are stored and all their vectors are there. */
interface Ticket {
  readonly source: SourceRecord;
  readonly revisions: number[];
  anyChanged: boolean;
  outstanding: number;
  read: boolean;
  problem: RagtuiError | undefined;
}

/** Reads the planned files a few at a time, stores their documents, and publishes each when it is complete. */
class SourceReader {
  private readonly queue: EmbedQueue;
  private readonly publishing = new Set<Promise<void>>();
  private failure: RagtuiError | undefined;

  constructor(
    private readonly deps: IngestDeps,
    private readonly session: string,
    private readonly report: IngestReport,
    private readonly progress: IngestProgress,
    private readonly added: ReadonlySet<string>,
  ) {
    this.queue = new EmbedQueue({
      lanes: deps.lanes,
      embed: deps.embed,
      store: async (embedder, vectors) => {
        await deps.kb.call('ingest.vectors', {
          session,
          embedder,
          vectors: vectors.map(({ hash, vector }) => ({ hash, vector: encodeVector(vector) })),
        });
      },
      onEmbedded: (texts, tokens, characters) => {
        report.embedded += texts;
        report.tokens += tokens;
        progress.embedded(texts, tokens, characters, this.queue.charactersWaiting);
      },
    });
  }

  async readAll(files: readonly FoundFile[]): Promise<void> {
    // Readers wait for room in the queue, and at the end everything waits for it: a stop must get through there.
    const stop = () => this.queue.fail(cancelled());
    if (this.deps.signal.aborted) stop();
    this.deps.signal.addEventListener('abort', stop, { once: true });
    try {
      await this.readAndEmbed(files);
    } finally {
      this.deps.signal.removeEventListener('abort', stop);
    }
  }

  private async readAndEmbed(files: readonly FoundFile[]): Promise<void> {
    const next = files[Symbol.iterator]();
    const reader = async () => {
      for (let item = next.next(); !item.done && !this.failure; item = next.next()) await this.readOne(item.value);
    };
    const readers = Array.from({ length: READERS }, () =>
      reader().catch((error: unknown) => {
        this.failure ??= toRagtuiError(error);
      }),
    );
    await Promise.all(readers);
    this.throwIfOver();
    await this.queue.finish();
    await Promise.all(this.publishing);
    this.throwIfOver();
  }

  async abort(): Promise<void> {
    await this.queue.abort();
    await Promise.allSettled(this.publishing);
  }

  private throwIfOver(): void {
    if (this.deps.signal.aborted) throw cancelled();
    if (this.failure) throw this.failure;
  }

  private async readOne(file: FoundFile): Promise<void> {
    this.throwIfOver();
    const source: SourceRecord = {
      ...file,
      sha: UNREADABLE,
      recipe: this.deps.recipe,
      failed: false,
    };
    const ticket: Ticket = {
      source,
      revisions: [],
      anyChanged: false,
      outstanding: 0,
      read: false,
      problem: undefined,
    };
    try {
      source.sha = await hashFile(file.path).catch((error: unknown) => {
        throw new FileProblem(readError(error));
      });
      for await (const documents of ownProblems(this.deps.read(file.path, this.deps.signal))) {
        this.throwIfOver();
        await this.storeDocuments(ticket, documents);
      }
    } catch (error) {
      this.throwIfOver();
      const problem = error instanceof FileProblem ? error.reason : toRagtuiError(error);
      if (!(error instanceof FileProblem) && concernsAll(problem)) throw problem;
      ticket.problem = problem;
    }
    ticket.read = true;
    this.progress.read(file);
    this.completeIfDone(ticket);
  }

  private async storeDocuments(ticket: Ticket, documents: readonly ExtractedDocument[]): Promise<void> {
    const drafts = documents.map((document) => ({
      ...document,
      chunks: this.deps.work.groups.map((group) => ({
        group: group.name,
        chunks: this.deps.split(document.text, group),
      })),
    }));
    const { revisions, missing } = await this.deps.kb.call('ingest.documents', {
      session: this.session,
      source: ticket.source,
      documents: drafts,
    });
    let chunks = 0;
    drafts.forEach((draft, i) => {
      const stored = revisions[i];
      if (!stored) throw new RagtuiError('internal', 'The kb service did not answer for every document.');
      ticket.revisions.push(stored.revision);
      if (stored.changed) ticket.anyChanged = true;
      const count = draft.chunks.reduce((sum, group) => sum + group.chunks.length, 0);
      if (stored.changed) chunks += count;
    });
    this.report.chunks += chunks;
    // The service misses a text until its vector is stored, however often it has asked for it already.
    const fresh = missing.filter((text) => !this.queue.knows(text));
    this.progress.stored(documents, chunks, fresh);
    for (const text of missing) {
      ticket.outstanding++;
      await this.queue.add(text, (problem) => {
        ticket.outstanding--;
        ticket.problem ??= problem;
        this.completeIfDone(ticket);
      });
    }
  }

  private completeIfDone(ticket: Ticket): void {
    if (!ticket.read || ticket.outstanding > 0) return;
    const work = (ticket.problem ? this.recordFailure(ticket, ticket.problem) : this.publish(ticket))
      .catch((error: unknown) => {
        this.failure ??= toRagtuiError(error);
      })
      .finally(() => this.publishing.delete(work));
    this.publishing.add(work);
  }

  private async publish(ticket: Ticket): Promise<void> {
    const { session } = this;
    const { removed } = await this.deps.kb.call('ingest.publish', {
      session,
      source: ticket.source,
      revisions: ticket.revisions,
    });
    this.report.removed += removed;
    if (this.added.has(ticket.source.path)) this.report.added++;
    else if (ticket.anyChanged || removed > 0) this.report.changed++;
    else this.report.unchanged++;
    this.progress.published();
  }

  private async recordFailure(ticket: Ticket, problem: RagtuiError): Promise<void> {
    const { message: reason, hint } = problem;
    this.report.failed.push({ path: ticket.source.path, reason, hint });
    this.deps.onLog('warn', `${ticket.source.path}: ${reason}`);
    const source = { ...ticket.source, failed: true };
    await this.deps.kb.call('ingest.failed', { session: this.session, source, reason, hint });
  }
}

/** What is wrong with a file, whatever its code would mean of the service or the disk of the workspace. */
class FileProblem extends Error {
  constructor(readonly reason: RagtuiError) {
    super(reason.message);
  }
}

async function* ownProblems<T>(reading: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* reading;
  } catch (error) {
    throw new FileProblem(toRagtuiError(error));
  }
}

/** First 16 bytes of the file's sha256, hex. Never blocks on what became a pipe since it was found. */
export async function hashFile(file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    checkRegular(await handle.stat());
    const hash = createHash('sha256');
    await pipeline(handle.createReadStream({ autoClose: false }), hash);
    return hash.digest('hex').slice(0, 32);
  } finally {
    await handle.close();
  }
}
