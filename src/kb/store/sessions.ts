import { randomBytes } from 'node:crypto';
import { RagtuiError } from '../../platform/errors.ts';
import type { NodeGroup } from '../types.ts';

export interface SessionEmbedder {
  readonly name: string;
  readonly id: number;
  readonly dim: number;
}

/** One ingest at work. It holds its knowledge base until it ends or its connection closes. */
export interface IngestSession {
  readonly id: string;
  readonly kbId: number;
  readonly kb: string;
  readonly owner: string;
  /** Of the connection that began it. */
  readonly client: number;
  readonly roots: readonly string[];
  readonly groups: readonly { readonly id: number; readonly spec: NodeGroup }[];
  readonly embedders: readonly SessionEmbedder[];
  /** Live documents when it began: what the 20 % guard counts against. */
  readonly documentsAtStart: number;
  removed: number;
  /** Documents that went live in earlier calls for a source whose last one has not come yet, by source. */
  readonly published: Map<number, Set<number>>;
}

export class Sessions {
  readonly #sessions = new Map<string, IngestSession>();
  /** Knowledge bases that a session is being opened for. */
  readonly #opening = new Map<number, string>();

  holder(kbId: number): string | null {
    for (const session of this.#sessions.values()) if (session.kbId === kbId) return session.owner;
    return this.#opening.get(kbId) ?? null;
  }

  /** Keeps others out while the session is prepared. */
  reserve(kbId: number, owner: string): () => void {
    this.#opening.set(kbId, owner);
    return () => this.#opening.delete(kbId);
  }

  open(session: Omit<IngestSession, 'id'>): IngestSession {
    const opened = { ...session, id: randomBytes(8).toString('hex') };
    this.#sessions.set(opened.id, opened);
    return opened;
  }

  require(id: string): IngestSession {
    const session = this.#sessions.get(id);
    if (session) return session;
    throw new RagtuiError('unavailable', 'This ingest session is over.', 'Begin a new one; what was stored is kept.');
  }

  end(id: string): void {
    this.#sessions.delete(id);
  }

  /** Ends what a closed connection had begun. */
  endOf(client: number): void {
    for (const session of this.#sessions.values()) if (session.client === client) this.#sessions.delete(session.id);
  }

  get size(): number {
    return this.#sessions.size;
  }
}
