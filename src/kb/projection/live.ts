import { randomBytes } from 'node:crypto';
import type { IndexRow } from '../../db/index-table.ts';
import type { ProjectionRow } from '../../db/projection-table.ts';
import type { Tables } from '../../db/tables.ts';

/** A projection that has an index. */
export type LiveProjection = ProjectionRow & { readonly index_id: number };

export const isLive = (row: ProjectionRow): row is LiveProjection => row.index_id !== null;

export const newCollectionName = (): string => `ragtui_${randomBytes(8).toString('hex')}`;

/** What a collection is of, for whoever finds it on the server. */
export function aboutOf({ kb }: Tables, index: IndexRow): string {
  const base = kb.all().find(({ id }) => id === index.kb_id)?.name ?? '';
  const group = kb.groups(index.kb_id).find(({ id }) => id === index.group_id)?.name ?? '';
  const embedder = kb.embedders(index.kb_id).find(({ embedder_id }) => embedder_id === index.embedder_id)?.name ?? '';
  return `${base} / ${group} / ${embedder}`;
}
