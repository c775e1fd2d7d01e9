import { RagtuiError } from '../platform/errors.ts';
import { throwIfAborted } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type AnyDataset, openDataset } from './open.ts';
import { programVersion } from './program-version.ts';
import { carrySplits } from './split-carry.ts';
import { changeDataset, publishVersion, readManifest } from './store.ts';
import { type DatasetManifest, type DatasetRow, rowSchemas } from './types.ts';
import { VersionWriter } from './version-writer.ts';

const TOLD_EVERY = 1000;

export interface EditWish {
  /** The version that the person saw: an edit of another one is refused. */
  readonly version: string;
  readonly drop: readonly number[];
  readonly set: readonly { readonly row: number; readonly value: unknown }[];
  /** New rows, behind all others; they are in no part of a split. */
  readonly add?: readonly unknown[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { done: number; total: number; rows: number }) => void;
}

/**
 * Rows changed, left out or added by hand: a new version, current then, with a step in its lineage; `undoVersion` goes back.
 * Errors: `not-found`, `invalid` for a row that is none of its kind or when no row is left, `usage` when the version is
 * not the current one any more.
 */
export async function editRows(
  paths: WorkspacePaths,
  name: string,
  wish: EditWish,
): Promise<{ manifest: DatasetManifest; changed: number; dropped: number }> {
  const dataset = openDataset(paths, name);
  const { manifest } = dataset;
  if (manifest.version !== wish.version) {
    throw new RagtuiError('usage', `"${name}" has changed meanwhile.`, 'Look at its current rows, then edit again.');
  }
  const dropped = new Set(wish.drop);
  const changes = new Map(wish.set.map(({ row, value }) => [row, checkedRow(manifest, row, value)]));
  const added = (wish.add ?? []).map((value, at) => checkedRow(manifest, manifest.rows + at, value));
  const writer = new VersionWriter(paths);
  try {
    const numbers = new Int32Array(manifest.rows).fill(-1);
    let [number, next] = [0, 0];
    for await (const row of eachRow(dataset)) {
      if (!dropped.has(number)) {
        numbers[number] = next++;
        writer.add(changes.get(number) ?? row);
      }
      number++;
      if (number % TOLD_EVERY === 0) {
        throwIfAborted(wish.signal);
        wish.onProgress?.({ done: number, total: manifest.rows, rows: next });
      }
    }
    for (const row of added) writer.add(row);
    const written = writer.finish();
    if (written.rows === 0) throw new RagtuiError('invalid', 'No row would be left.', 'Delete the dataset instead.');
    const parameters = {
      from: manifest.version,
      changed: changes.size,
      dropped: dropped.size,
      ...(added.length > 0 ? { added: added.length } : {}),
    };
    const published = await publishVersion(paths, written, {
      name: manifest.name,
      kind: manifest.kind,
      lineage: {
        ...manifest.lineage,
        steps: [...manifest.lineage.steps, { name: 'edit', parameters }],
        programVersion: programVersion(),
        createdAt: new Date().toISOString(),
      },
    });
    await carrySplits(paths, dataset, published.manifest, numbers);
    return { manifest: readManifest(paths, name), changed: changes.size, dropped: dropped.size };
  } finally {
    writer.discard();
  }
}

function checkedRow({ kind }: DatasetManifest, number: number, value: unknown): DatasetRow {
  const parsed = rowSchemas[kind].safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RagtuiError(
    'invalid',
    `Row ${number} would be no ${kind} row: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
    'Edit it again; nothing was changed.',
  );
}

async function* eachRow(dataset: AnyDataset): AsyncGenerator<DatasetRow> {
  yield* dataset.rows();
}

/** Makes another version of a dataset its current one; nothing is deleted. Errors: `not-found`. */
export async function makeCurrent(paths: WorkspacePaths, name: string, version: string): Promise<DatasetManifest> {
  const { slug } = readManifest(paths, name, version);
  await changeDataset(paths, slug, undefined, (before) => ({
    after: before ? { ...before, current: version } : undefined,
    result: undefined,
  }));
  return readManifest(paths, name);
}
