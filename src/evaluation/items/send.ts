import { createHash } from 'node:crypto';
import { z } from 'zod';
import { editRows } from '../../datasets/edit.ts';
import { openQaDataset } from '../../datasets/open.ts';
import { programVersion } from '../../datasets/program-version.ts';
import { listDatasets, publishVersion } from '../../datasets/store.ts';
import type { QaRow } from '../../datasets/types.ts';
import { VersionWriter } from '../../datasets/version-writer.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { itemsOf } from '../blame/run.ts';
import { readRun } from '../runs.ts';
import { refuseLeak, sendLeak } from './send-leak.ts';

export const sentItemsSchema = z.object({
  dataset: z.string(),
  version: z.string(),
  added: z.number(),
  /** The dataset asked the same about the same passage already. */
  known: z.number(),
  /** There was no such dataset before. */
  made: z.boolean(),
  /** They measure, and the dataset is trained on: sent all the same, since that was allowed. */
  leak: z.object({ measured: z.string(), through: z.string() }).nullable(),
});
export type SentItems = z.infer<typeof sentItemsSchema>;

const sameAs = ({ question, context }: Pick<QaRow, 'question' | 'context'>): string =>
  createHash('sha256')
    .update(JSON.stringify([question, context]))
    .digest('hex');

/**
 * Questions of a run as new rows of a dataset of questions: a new version of it, or a new dataset. A question that is there
 * already is left out; an id that is taken gets a number. Errors: `not-found` for an item or a run, `invalid` when the
 * dataset of the run is gone, nothing is new, or a training would see what is measured with (`allowLeak` lets it pass),
 * `exists` for a dataset of another kind.
 */
export async function sendItems(
  paths: WorkspacePaths,
  id: string,
  items: readonly string[],
  name: string,
  { allowLeak = false }: { readonly allowLeak?: boolean } = {},
): Promise<SentItems> {
  const run = readRun(paths, id);
  const asked = await itemsOf(paths, run);
  const wanted = items.map((item): QaRow => {
    const found = asked.get(item);
    if (!found) throw new RagtuiError('not-found', `The run has no item "${item}".`, `See: ragtui eval items ${id}`);
    const { contextId, context, question, answers } = found;
    const metadata = { run: run.view.spec.id, item };
    return { id: item, contextId, context, question, answers: [...answers], metadata };
  });
  const there = listDatasets(paths).find((one) => one.name === name);
  if (!there) return makeDataset(paths, name, wanted, run.view.spec.id);
  if (there.kind !== 'qa') {
    throw new RagtuiError(
      'exists',
      `"${name}" holds ${there.kind} rows; questions go into a dataset of questions (qa).`,
      'Send them to one, then export it: ragtui dataset export NAME --format alpaca',
    );
  }
  const dataset = openQaDataset(paths, name);
  const ids = new Set<string>();
  const asks = new Set<string>();
  for await (const row of dataset.rows()) {
    ids.add(row.id);
    asks.add(sameAs(row));
  }
  const add = wanted.filter((row) => !asks.has(sameAs(row))).map((row) => ({ ...row, id: freeId(row.id, ids) }));
  if (add.length === 0) {
    const { version } = dataset.manifest;
    return { dataset: name, version, added: 0, known: wanted.length, made: false, leak: null };
  }
  const leak = sendLeak(paths, run.evaluation, dataset.manifest);
  if (!allowLeak) refuseLeak(name, leak);
  const { manifest } = await editRows(paths, name, { version: dataset.manifest.version, drop: [], set: [], add });
  const { version } = manifest;
  const known = wanted.length - add.length;
  return { dataset: name, version, added: add.length, known, made: false, leak: leak ?? null };
}

function freeId(wanted: string, taken: Set<string>): string {
  let id = wanted;
  for (let count = 2; taken.has(id); count++) id = `${wanted}~${count}`;
  taken.add(id);
  return id;
}

async function makeDataset(
  paths: WorkspacePaths,
  name: string,
  rows: readonly QaRow[],
  run: string,
): Promise<SentItems> {
  const writer = new VersionWriter(paths);
  try {
    for (const row of rows) writer.add(row);
    const written = writer.finish();
    const { manifest } = await publishVersion(paths, written, {
      name,
      kind: 'qa',
      lineage: {
        source: { name: `run ${run}`, sha256: written.sha256, bytes: written.bytes, format: 'run' },
        steps: [{ name: 'send', parameters: { run, rows: rows.length } }],
        programVersion: programVersion(),
        createdAt: new Date().toISOString(),
      },
    });
    return { dataset: name, version: manifest.version, added: rows.length, known: 0, made: true, leak: null };
  } finally {
    writer.discard();
  }
}
