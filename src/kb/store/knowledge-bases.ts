import { z } from 'zod';
import { createFts } from '../../db/fts-table.ts';
import type { KbRow } from '../../db/kb-table.ts';
import type { Tables } from '../../db/tables.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { ProjectionState } from '../projection/types.ts';
import { type KnowledgeBase, type NodeGroup, nodeGroupSchema } from '../types.ts';
import { now, requireKb, type StoreContext } from './context.ts';

/** What only memory knows of a knowledge base. */
export interface LiveState {
  /** Owner of the ingest that holds it. */
  ingesting(kbId: number): string | null;
  /** How an index is searched now. */
  searchKind(indexId: number, members: number, dim: number): 'exact' | 'hnsw' | 'rebuilding';
  /** Why the last build of it failed, while no later one went well. */
  trouble(indexId: number): string | undefined;
  /** How it stands on its vector database. */
  server(indexId: number): ProjectionState | undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the purpose
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;
const NAME_MAX = 100;

/** Checks a name a person gave: any language, but one line that cannot drive a terminal. Returns it trimmed, NFC. */
export function validName(name: string, what: string): string {
  const clean = name.normalize('NFC').trim();
  const problem =
    clean === ''
      ? 'is empty'
      : [...clean].length > NAME_MAX
        ? `is longer than ${NAME_MAX} characters`
        : CONTROL.test(clean)
          ? 'has control characters'
          : undefined;
  if (problem) throw new RagtuiError('usage', `The name of the ${what} ${problem}.`, 'Choose a short plain name.');
  return clean;
}

export const parseGroup = (spec: string): NodeGroup => nodeGroupSchema.parse(JSON.parse(spec));

/** Two specifications of a node group that cut every document the same way. */
export function sameGroup(a: NodeGroup, b: NodeGroup): boolean {
  const canonical = (group: NodeGroup) => JSON.stringify(Object.entries(group).sort(([x], [y]) => (x < y ? -1 : 1)));
  return canonical(a) === canonical(b);
}

export function addGroups(tables: Tables, kbId: number, groups: readonly NodeGroup[]): void {
  for (const group of groups) {
    const id = tables.kb.addGroup(kbId, validName(group.name, 'node group'), JSON.stringify(group));
    createFts(tables.db, id);
    for (const embedder of tables.kb.embedders(kbId)) {
      if (embedder.embedder_id !== null) tables.index.create(id, embedder.embedder_id);
    }
  }
}

export async function createKb(
  context: StoreContext,
  params: { name: string; groups: NodeGroup[]; embedders: string[] },
): Promise<string> {
  const name = validName(params.name, 'knowledge base');
  const twice = duplicate(params.groups.map((group) => group.name)) ?? duplicate(params.embedders);
  if (twice) throw new RagtuiError('usage', `"${twice}" is named twice.`, 'Name each node group and embedder once.');
  await context.db.writer.run(() => {
    const tables = context.write;
    if (tables.kb.byName(name)) {
      throw new RagtuiError('exists', `There is a knowledge base "${name}" already.`, 'Choose another name.');
    }
    const id = tables.kb.insert(name, now());
    for (const embedder of params.embedders) tables.kb.addEmbedder(id, embedder);
    addGroups(tables, id, params.groups);
  });
  context.onStructureChange();
  return name;
}

function duplicate(names: readonly string[]): string | undefined {
  return names.find((name, at) => names.indexOf(name) !== at);
}

export function listKbs(tables: Tables, live: LiveState): KnowledgeBase[] {
  return tables.kb.all().map((row) => describe(tables, row, live));
}

export function showKb(tables: Tables, name: string, live: LiveState): KnowledgeBase {
  return describe(tables, requireKb(tables, name), live);
}

function describe(tables: Tables, row: KbRow, live: LiveState): KnowledgeBase {
  const groups = tables.kb.groups(row.id);
  const embedders = tables.kb.embedders(row.id);
  const counts = tables.listing.counts(row.id);
  const server = tables.projection.serverOf(row.id);
  return {
    name: row.name,
    createdAt: row.created_at,
    documents: counts.documents,
    failed: tables.listing.failed(row.id),
    chunks: counts.chunks,
    groups: groups.map((group) => parseGroup(group.spec)),
    embedders: embedders.map((embedder) => embedder.name),
    previous: tables.kb.previousEmbedder(row.id) ?? null,
    indexes: groups.flatMap((group) => {
      const texts = tables.index.countTexts(group.id);
      return embedders.map((embedder, order) => {
        const index = embedder.embedder_id === null ? undefined : tables.index.find(group.id, embedder.embedder_id);
        const vectors = index ? tables.index.countMembers(index.id) : 0;
        const server = index && live.server(index.id);
        const trouble = index && live.trouble(index.id);
        return {
          group: group.name,
          embedder: embedder.name,
          vectors,
          missing: texts - vectors,
          search: index ? live.searchKind(index.id, vectors, index.dim) : 'exact',
          ...(trouble !== undefined && { trouble }),
          active: order === 0,
          ...(server && { server }),
        };
      });
    }),
    sources: tables.kb.roots(row.id),
    ...(server !== undefined && { server }),
    ingesting: live.ingesting(row.id),
  };
}

/** Hides the knowledge base at once; its rows are cleared away in small steps later. */
export async function deleteKb(context: StoreContext, name: string, live: LiveState): Promise<void> {
  await context.db.writer.run(() => {
    const kb = requireKb(context.write, name);
    refuseWhileIngesting(kb, live);
    context.write.kb.bury(kb.id);
    context.write.projection.release(kb.id);
  });
  context.onStructureChange();
}

function refuseWhileIngesting(kb: KbRow, live: LiveState): void {
  const owner = live.ingesting(kb.id);
  if (owner === null) return;
  throw new RagtuiError('busy', `${owner} is ingesting into "${kb.name}".`, 'Stop that job first, or wait for it.');
}

/** Makes another embedder the active one, when its vectors are complete. */
export async function switchEmbedder(context: StoreContext, name: string, embedder: string): Promise<void> {
  await context.db.writer.run(() => {
    const tables = context.write;
    const kb = requireKb(tables, name);
    const known = tables.kb.embedders(kb.id);
    const wanted = known.find((entry) => entry.name === embedder);
    if (!wanted) {
      throw new RagtuiError(
        'not-found',
        `"${name}" has no embedder "${embedder}".`,
        `Build its index first: ragtui kb shadow ${name} --embedder ${embedder}`,
      );
    }
    if (known[0] === wanted) return;
    assertComplete(tables, kb, wanted);
    tables.kb.activate(kb.id, embedder);
  });
  context.onStructureChange();
}

function assertComplete(tables: Tables, kb: KbRow, embedder: { name: string; embedder_id: number | null }): void {
  for (const group of tables.kb.groups(kb.id)) {
    const texts = tables.index.countTexts(group.id);
    const index = embedder.embedder_id === null ? undefined : tables.index.find(group.id, embedder.embedder_id);
    const missing = texts - (index ? tables.index.countMembers(index.id) : 0);
    if (missing === 0) continue;
    throw new RagtuiError(
      'invalid',
      `${missing} of ${texts} texts of "${kb.name}" (${group.name}) have no vector of ${embedder.name} yet.`,
      `Run "ragtui kb shadow ${kb.name} --embedder ${embedder.name}", then switch.`,
    );
  }
}

/** Back to the embedder that was active before the last switch. */
export async function rollbackEmbedder(context: StoreContext, name: string): Promise<void> {
  const previous = context.read.kb.previousEmbedder(requireKb(context.read, name).id);
  if (previous === undefined) {
    throw new RagtuiError('invalid', `"${name}" has not been switched.`, 'There is nothing to roll back.');
  }
  await switchEmbedder(context, name, previous);
}

/** Metadata as stored: JSON of plain values. */
export const metadataSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
