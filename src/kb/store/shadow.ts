import { rmSync } from 'node:fs';
import path from 'node:path';
import type { KbRow } from '../../db/kb-table.ts';
import type { Tables } from '../../db/tables.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { ParsedParams, Result } from '../protocol.ts';
import { requireKb, type StoreContext } from './context.ts';
import { unitVector } from './ingest.ts';
import { validName } from './knowledge-bases.ts';
import { LiveTexts } from './live-texts.ts';

/**
 * Gives a knowledge base another embedder, whose vectors are made beside the live one's: searches do not notice, and an
 * ingest goes on. What is embedded already (in another knowledge base, or before) is taken over at once.
 * Errors: `invalid` for the live embedder, or when a model gives other dimensions than it did.
 */
export async function beginShadow(
  context: StoreContext,
  params: ParsedParams<'shadow.begin'>,
): Promise<Result<'shadow.begin'>> {
  const name = validName(params.embedder.id, 'embedder');
  const counts = await context.db.writer.run(() => {
    const tables = context.write;
    const kb = requireKb(tables, params.kb);
    const known = tables.kb.embedders(kb.id);
    if (known[0]?.name === name) {
      throw new RagtuiError('invalid', `"${kb.name}" is searched with ${name} already.`, 'Name another embedder.');
    }
    const id = embedderId(tables, params.embedder);
    if (!known.some((row) => row.name === name)) tables.kb.addEmbedder(kb.id, name);
    tables.kb.bindEmbedder(kb.id, name, id);
    for (const group of tables.kb.groups(kb.id)) {
      if (!tables.index.find(group.id, id)) tables.index.fill(tables.index.create(group.id, id), id, group.id);
    }
    return countsOf(tables, kb, id);
  });
  context.onStructureChange();
  return counts;
}

function embedderId(tables: Tables, { id, fingerprint, dimension }: ParsedParams<'shadow.begin'>['embedder']): number {
  const fp = Buffer.from(fingerprint, 'hex');
  const known = tables.kb.embedderByFingerprint(fp);
  if (known && known.dim !== dimension) {
    throw new RagtuiError(
      'invalid',
      `The embedder ${id} gave vectors of ${known.dim} numbers before, now of ${dimension}.`,
      'Check the model files with: ragtui models verify',
    );
  }
  return known?.id ?? tables.kb.newEmbedder(fp, dimension);
}

function countsOf(tables: Tables, kb: KbRow, embedder: number): Result<'shadow.begin'> {
  let [texts, missing] = [0, 0];
  for (const group of tables.kb.groups(kb.id)) {
    const all = tables.index.countTexts(group.id);
    const index = tables.index.find(group.id, embedder);
    texts += all;
    missing += all - (index ? tables.index.countMembers(index.id) : 0);
  }
  return { texts, missing };
}

/** The embedder as this knowledge base has it, not yet the live one. Errors: `not-found`. */
function shadowOf(tables: Tables, kbName: string, name: string): { kb: KbRow; id: number; dim: number } {
  const kb = requireKb(tables, kbName);
  const found = tables.kb.embedders(kb.id).find((row) => row.name === name);
  if (found && found.embedder_id !== null && found.dim !== null) return { kb, id: found.embedder_id, dim: found.dim };
  throw new RagtuiError('not-found', `"${kbName}" has no embedder "${name}".`, 'It may have been dropped meanwhile.');
}

/** The next live texts without a vector of this embedder, from a place on; `next` is null at the end. */
export function missingTexts(
  context: StoreContext,
  { kb: kbName, embedder, after, limit }: ParsedParams<'shadow.missing'>,
): Result<'shadow.missing'> {
  const { kb, index } = context.read;
  const found = shadowOf(context.read, kbName, embedder);
  const groups = kb.groups(found.kb.id).map(({ id }) => id);
  for (const group of groups.slice(Math.max(0, after ? groups.indexOf(after.group) : 0))) {
    const from = after?.group === group ? Buffer.from(after.hash, 'hex') : Buffer.alloc(0);
    const rows = index.textsWithout(group, found.id, from, limit);
    const last = rows.at(-1);
    if (!last) continue;
    const texts = rows.map(({ h, text }) => ({ hash: h.toString('hex'), text }));
    return { texts, next: { group, hash: last.h.toString('hex') } };
  }
  return { texts: [], next: null };
}

/** Stores vectors; every index of the embedder that has the text finds it from now on. */
export async function storeShadowVectors(
  context: StoreContext,
  { kb, embedder, vectors }: ParsedParams<'shadow.vectors'>,
): Promise<void> {
  const { id, dim } = shadowOf(context.read, kb, embedder);
  const checked = vectors.map(({ hash, vector }) => ({
    hash: Buffer.from(hash, 'hex'),
    bytes: unitVector(vector, { name: embedder, dim }),
  }));
  await context.db.writer.run(async (tx) => {
    const live = new LiveTexts(tx, context);
    for (const { hash, bytes } of checked) {
      if (!context.write.vectors.insert(id, hash, bytes)) continue;
      const slot = context.write.vectors.slotOf(id, hash);
      if (slot !== undefined) live.addVector(id, slot, hash);
      await tx.pause();
    }
  });
}

const BATCH = 500;

/**
 * Takes an embedder out of a knowledge base, with its indexes. Its vectors stay until the garbage is collected, so that
 * building it again until then costs nothing. Errors: `invalid` for the live one, `not-found`.
 */
export async function dropEmbedder(
  context: StoreContext,
  indexFolder: string,
  { kb: kbName, embedder: name }: ParsedParams<'kb.dropEmbedder'>,
): Promise<void> {
  const doomed = await context.db.writer.run(() => {
    const tables = context.write;
    const kb = requireKb(tables, kbName);
    const known = tables.kb.embedders(kb.id);
    const found = known.find((row) => row.name === name);
    if (!found) throw new RagtuiError('not-found', `"${kbName}" has no embedder "${name}".`);
    if (known[0] === found) {
      throw new RagtuiError('invalid', `"${kbName}" is searched with ${name}.`, 'Switch to another embedder first.');
    }
    tables.kb.removeEmbedder(kb.id, name);
    // Another name may stand for the very same weights.
    if (known.some((row) => row !== found && row.embedder_id === found.embedder_id)) return [];
    return tables.kb.groups(kb.id).flatMap((group) => {
      const index = found.embedder_id === null ? undefined : tables.index.find(group.id, found.embedder_id);
      return index ? [index.id] : [];
    });
  });
  for (const id of doomed) await dropIndex(context, indexFolder, id);
  context.onStructureChange();
}

async function dropIndex({ db, write }: StoreContext, folder: string, id: number): Promise<void> {
  const files = write.index.segments(id);
  await db.writer.run(() => {
    for (const segment of files) write.index.dropSegment(segment.id);
  });
  // One transaction for each batch: others write in between.
  while (await db.writer.run(() => write.index.dropSomeMembers(id, BATCH) > 0));
  await db.writer.run(() => {
    write.index.drop(id);
  });
  for (const { file } of files) rmSync(path.join(folder, file), { force: true });
}
