import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { readError } from '../loaders/file.ts';
import type { SourceRecord } from '../protocol.ts';
import type { ExtractedDocument, IngestReport } from '../types.ts';
import { cancelled, type IngestDeps } from './deps.ts';
import { concernsAll, EmbedQueue } from './embed-queue.ts';
import { encodeVector } from './encode-vector.ts';
import { hashFile } from './hash-file.ts';
import type { IngestProgress } from './ingest-progress.ts';
import type { FoundFile } from './plan.ts';
import type { StageTimes } from './stage-times.ts';

/** Documents that go live in one transaction: what a kill undoes, and what waits in the database's log. */
const PUBLISHED_AT_ONCE = 2000;
const UNREADABLE = '0'.repeat(32);

/** One file on its way: live when its documents are stored and all their vectors are there. */
interface Ticket {
  readonly source: SourceRecord;
  readonly revisions: number[];
  anyChanged: boolean;
  outstanding: number;
  read: boolean;
  problem: RagtuiError | undefined;
}

/** One pass over the files, as far as the reader has to know. */
export interface Pass {
  readonly session: string;
  readonly report: IngestReport;
  readonly progress: IngestProgress;
  readonly times: StageTimes;
  /** Paths that the knowledge base did not have. */
  readonly added: ReadonlySet<string>;
}

/** Reads the planned files a few at a time, stores their documents, and publishes each when it is complete. */
export class SourceReader {
  private readonly queue: EmbedQueue;
  private readonly publishing = new Set<Promise<void>>();
  private failure: RagtuiError | undefined;

  constructor(
    private readonly deps: IngestDeps,
    private readonly pass: Pass,
  ) {
    const { session, report, progress, times } = pass;
    this.queue = new EmbedQueue({
      lanes: deps.lanes,
      ...(deps.batch && { batch: deps.batch }),
      embed: (lane, embedder, texts) => times.during('embed', deps.embed(lane, embedder, texts)),
      store: async (embedder, embedded) => {
        const vectors = embedded.map(({ hash, vector }) => ({ hash, vector: encodeVector(vector) }));
        await times.during('vectors', deps.kb.call('ingest.vectors', { session, embedder, vectors }));
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
    const readers = Array.from({ length: this.deps.readers }, () =>
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
      const reading = this.deps.read(file.path, this.deps.signal);
      for await (const documents of this.pass.times.each('read', ownProblems(reading))) {
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
    this.pass.progress.read(file);
    this.completeIfDone(ticket);
  }

  private async storeDocuments(ticket: Ticket, documents: readonly ExtractedDocument[]): Promise<void> {
    const { times } = this.pass;
    const splitting = performance.now();
    const drafts = documents.map((document) => ({
      ...document,
      chunks: this.deps.work.groups.map((group) => ({
        group: group.name,
        chunks: this.deps.split(document.text, group),
      })),
    }));
    times.add('split', splitting);
    const { session } = this.pass;
    const { source } = ticket;
    const storing = this.deps.kb.call('ingest.documents', { session, source, documents: drafts });
    const { revisions, missing } = await times.during('store', storing);
    let chunks = 0;
    drafts.forEach((draft, i) => {
      const stored = revisions[i];
      if (!stored) throw new RagtuiError('internal', 'The kb service did not answer for every document.');
      ticket.revisions.push(stored.revision);
      if (stored.changed) ticket.anyChanged = true;
      const count = draft.chunks.reduce((sum, group) => sum + group.chunks.length, 0);
      if (stored.changed) chunks += count;
    });
    this.pass.report.chunks += chunks;
    // The service misses a text until its vector is stored, however often it has asked for it already.
    const fresh = missing.filter((text) => !this.queue.knows(text));
    this.pass.progress.stored(documents, chunks, fresh);
    const waiting = performance.now();
    for (const text of missing) {
      ticket.outstanding++;
      await this.queue.add(text, (problem) => {
        ticket.outstanding--;
        ticket.problem ??= problem;
        this.completeIfDone(ticket);
      });
    }
    times.add('room', waiting);
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
    const { session, times } = this.pass;
    const { source, revisions } = ticket;
    let removed = 0;
    for (let from = 0; from === 0 || from < revisions.length; from += PUBLISHED_AT_ONCE) {
      const some = revisions.slice(from, from + PUBLISHED_AT_ONCE);
      const last = from + PUBLISHED_AT_ONCE >= revisions.length;
      const publishing = this.deps.kb.call('ingest.publish', { session, source, revisions: some, last });
      ({ removed } = await times.during('publish', publishing));
    }
    this.pass.report.removed += removed;
    if (this.pass.added.has(ticket.source.path)) this.pass.report.added++;
    else if (ticket.anyChanged || removed > 0) this.pass.report.changed++;
    else this.pass.report.unchanged++;
    this.pass.progress.published();
  }

  private async recordFailure(ticket: Ticket, problem: RagtuiError): Promise<void> {
    const { message: reason, hint } = problem;
    this.pass.report.failed.push({ path: ticket.source.path, reason, hint });
    this.deps.onLog('warn', `${ticket.source.path}: ${reason}`);
    const source = { ...ticket.source, failed: true };
    await this.deps.kb.call('ingest.failed', { session: this.pass.session, source, reason, hint });
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
