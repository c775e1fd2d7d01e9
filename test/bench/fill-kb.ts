import type { KbClient, SourceRecord } from '../../src/kb/protocol.ts';
import type { NodeGroup } from '../../src/kb/types.ts';
import type { ResolvedEmbedder } from '../../src/models/embedder-types.ts';

const PER_CALL = 200;
const PER_SOURCE = 2000;

export interface Filling {
  readonly kb: string;
  readonly group: NodeGroup;
  readonly embedder: ResolvedEmbedder;
  readonly texts: readonly string[];
  /** One after another, of unit length. */
  readonly vectors: Float32Array;
}

/**
 * Fills a knowledge base as the ingest worker does, with vectors that are there already. Document `#n` is text `n`.
 * Returns the report it closed the session with.
 */
export async function fillKb(client: KbClient, filling: Filling): Promise<void> {
  const { kb, group, embedder, texts } = filling;
  const { id, fingerprint, dimension } = embedder;
  const { session } = await client.call('ingest.begin', {
    kb,
    groups: [group],
    embedders: [{ id, fingerprint, dimension }],
    roots: [],
    owner: 'bench',
  });
  if (session === null) throw new Error(`${kb} is taken`);
  for (let start = 0; start < texts.length; start += PER_SOURCE) {
    await fillSource(client, session, filling, start, Math.min(texts.length, start + PER_SOURCE));
  }
  const none = { added: texts.length, changed: 0, unchanged: 0, removed: 0, failed: [], warnings: [] };
  const report = { ...none, chunks: texts.length, embedded: texts.length, tokens: 0, seconds: 0 };
  await client.call('ingest.end', { session, report });
}

async function fillSource(
  client: KbClient,
  session: string,
  filling: Filling,
  start: number,
  end: number,
): Promise<void> {
  const { group, embedder, texts, vectors } = filling;
  const source: SourceRecord = {
    path: `/synthetic/${start}.jsonl`,
    size: 1,
    mtimeMs: 1,
    inode: start,
    sha: '0'.repeat(32),
    recipe: '0'.repeat(32),
    failed: false,
  };
  const revisions: number[] = [];
  for (let from = start; from < end; from += PER_CALL) {
    const rows = Array.from({ length: Math.min(end, from + PER_CALL) - from }, (_, at) => from + at);
    const documents = rows.map((row) => {
      const text = texts[row] ?? '';
      const chunks = [{ ordinal: 0, start: 0, end: text.length, title: '', text }];
      return { key: String(row), title: '', text, metadata: {}, chunks: [{ group: group.name, chunks }] };
    });
    const stored = await client.call('ingest.documents', { session, source, documents });
    revisions.push(...stored.revisions.map((entry) => entry.revision));
    const rowOf = new Map(rows.map((row) => [texts[row], row]));
    const given = stored.missing.map(({ hash, text }) => {
      const row = rowOf.get(text) ?? 0;
      const { dimension } = embedder;
      const vector = vectors.subarray(row * dimension, (row + 1) * dimension);
      const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
      return { hash, vector: bytes.toString('base64') };
    });
    await client.call('ingest.vectors', { session, embedder: embedder.id, vectors: given });
  }
  await client.call('ingest.publish', { session, source, revisions });
}
