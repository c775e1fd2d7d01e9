import type { IndexRow } from '../../db/index-table.ts';
import type { Tables } from '../../db/tables.ts';
import { toVector } from '../../db/vectors-table.ts';
import type { Writer } from '../../db/writer.ts';
import type { VectorCollection } from '../backends/types.ts';
import { storedVectors } from './compare.ts';
import type { LiveProjection } from './live.ts';

/** Numbers of one batch: 2 MiB of them on their way, whatever the dimension. */
const BATCH_NUMBERS = 1 << 19;
/** So many batches before the server is asked to make sure of them. */
const BATCHES_A_FLUSH = 16;
const CHANGES = 8192;

export interface SendDeps {
  readonly read: Tables;
  readonly write: Tables;
  readonly writer: Writer;
  readonly batchNumbers?: number;
}

/** From where to where. */
export interface Sent {
  readonly row: LiveProjection;
  readonly index: IndexRow;
  readonly collection: VectorCollection;
}

/** Sends members behind the slot `from`, as many as are made sure of at once, and writes down how far it came. */
export async function sendMembers(
  deps: SendDeps,
  { row, index, collection }: Sent,
  from: number,
  isClosed: () => boolean,
): Promise<void> {
  const { read, write, writer } = deps;
  const batch = batchOf(deps, index.dim);
  let last = from;
  let whole = false;
  for (let sent = 0; sent < BATCHES_A_FLUSH && !whole && !isClosed(); sent += 1) {
    const members = read.projection.membersAfter(row.index_id, last, batch);
    if (members.length > 0) await collection.upsert(members.map(({ slot, v }) => ({ slot, vector: toVector(v) })));
    last = members.at(-1)?.slot ?? last;
    whole = members.length < batch;
  }
  await collection.flush(row.position);
  if (whole) await collection.prepare();
  await writer.run(() => {
    if (whole) write.projection.fillDone(row.id);
    else write.projection.fillTo(row.id, last);
  });
}

/** Sends the next changes of the log, and writes down that the server has them. */
export async function sendChanges(deps: SendDeps, { row, index, collection }: Sent): Promise<void> {
  const { read, write, writer } = deps;
  const changes = read.projection.changes(row.index_id, CHANGES);
  const last = changes.at(-1);
  if (!last) return;
  // Of each slot only what came last counts.
  const ops = new Map(changes.map(({ slot, op }) => [slot, op]));
  const gone = [...ops].filter(([, op]) => op === 2).map(([slot]) => slot);
  const come = [...ops].filter(([, op]) => op === 1).map(([slot]) => slot);
  const batch = batchOf(deps, index.dim);
  for (let at = 0; at < come.length; at += batch) {
    await collection.upsert(storedVectors(read, index, come.slice(at, at + batch)));
  }
  if (gone.length > 0) await collection.delete(gone);
  await collection.flush(last.seq);
  await writer.run(() => write.projection.advance(row, last.seq));
}

const batchOf = ({ batchNumbers = BATCH_NUMBERS }: SendDeps, dim: number): number =>
  Math.max(1, Math.min(2048, Math.floor(batchNumbers / dim)));
