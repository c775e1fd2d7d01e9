import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import path from 'node:path';
import { isHubSource } from '../../datasets/hub.ts';
import { importDataset } from '../../datasets/import.ts';
import { ROWS_FILE } from '../../datasets/layout.ts';
import { openDataset } from '../../datasets/open.ts';
import { DEFAULT_SEED, splitDataset, splitReason } from '../../datasets/split.ts';
import { readManifest } from '../../datasets/store.ts';
import type { DatasetManifest, Split } from '../../datasets/types.ts';
import { errorCode, RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { SpecOf } from '../plan.ts';
import type { Made, MadeOf } from '../types.ts';
import { digestOfPath, findPath } from './facts.ts';
import { isMadeName, isOf, needed, type StepDoer, type World } from './types.ts';

/** What a step of data made, from the dataset as it is there. */
export function madeDataset(
  manifest: DatasetManifest,
  split: Split | null,
  notes: readonly string[] = [],
): MadeOf<'dataset'> {
  const { name, version, rows, contexts, kind, sha256 } = manifest;
  const digest = createHash('sha256')
    .update(JSON.stringify([sha256, split?.file ?? null]))
    .digest('hex');
  const cut = split && { name: split.name, reason: splitReason(split), parts: split.parts };
  return {
    type: 'dataset',
    digest,
    dataset: name,
    version,
    rows,
    contexts,
    rowKind: kind,
    split: cut,
    notes: [...notes],
  };
}

/** Whether a version with its split is there, whole. */
export function datasetThere({ paths }: Pick<World, 'paths'>, made: Made): string | undefined {
  if (!isOf(made, 'dataset')) return undefined;
  try {
    const manifest = readManifest(paths, made.dataset, made.version);
    const { folder } = openDataset(paths, made.dataset, { version: made.version });
    const rows = statSync(path.join(folder, ROWS_FILE), { throwIfNoEntry: false });
    if (rows?.size !== manifest.bytes) return undefined;
    const split = made.split && manifest.splits.find(({ name }) => name === made.split?.name);
    if (made.split && !split) return undefined;
    return madeDataset(manifest, split ?? null).digest;
  } catch (error) {
    const { code } = toRagtuiError(error);
    if (code === 'not-found' || code === errorCode('corrupt')) return undefined;
    throw error;
  }
}

/** The split that files brought with them, where they named parts. */
const ownSplit = ({ splits }: DatasetManifest): Split | null =>
  splits.findLast(({ method }) => method === 'files') ?? null;

export const importStep: StepDoer<'import'> = {
  version: 1,
  facts: ({ folders, signal }, { file }) => (isHubSource(file) ? file : digestOfPath(findPath(file, folders), signal)),
  there: datasetThere,
  make: async ({ world: { paths, folders, signal }, spec, madeName, tell }) => {
    const { file, format, rowKind, map } = spec;
    const source = isHubSource(file) ? file : findPath(file, folders);
    const { manifest, skipped, warnings } = await importDataset(paths, source, {
      name: madeName,
      ...(format === undefined ? {} : { format }),
      ...(rowKind === undefined ? {} : { kind: rowKind }),
      ...(map === undefined ? {} : { map }),
      signal,
      onProgress: ({ bytes, total }) => tell({ phase: 'reading', done: bytes, total, unit: 'bytes' }),
    });
    const notes = [
      `Imported from ${path.basename(file)}.`,
      ...(skipped > 0 ? [`${skipped} rows of the file could not be read.`] : []),
      ...(warnings > 0 ? [`${warnings} rows of the file are incomplete.`] : []),
    ];
    return madeDataset(manifest, ownSplit(manifest), notes);
  },
};

/** `NAME` or `NAME@VERSION`. Pure. */
export const namedDataset = (text: string): [name: string, version: string | undefined] => {
  const [name = '', version] = text.split('@');
  return [name, version];
};

/**
 * Splits that the rows of a step come from. What recipes cut of a person's dataset bears the key of its step, and is no
 * reason to do anything anew.
 */
function splitsFor({ name: dataset, splits }: DatasetManifest, { cut }: SpecOf<'use'>): Split[] {
  if (cut) return [];
  return isMadeName(dataset) ? splits : splits.filter(({ name }) => !isMadeName(name));
}

/** A dataset that is in the workspace already. */
export const useStep: StepDoer<'use'> = {
  version: 1,
  facts: ({ paths }, spec) => {
    const manifest = readManifest(paths, ...namedDataset(spec.dataset));
    return [manifest.version, splitsFor(manifest, spec).map(({ name, file }) => [name, file])];
  },
  there: datasetThere,
  make: async ({ world: { paths }, spec }) => {
    const manifest = readManifest(paths, ...namedDataset(spec.dataset));
    return madeDataset(manifest, splitsFor(manifest, spec).at(-1) ?? null);
  },
};

export const splitStep: StepDoer<'split'> = {
  version: 1,
  facts: () => null,
  there: datasetThere,
  make: async ({ world: { paths, signal }, spec, needs, madeName }) => {
    const from = needed(needs, 'dataset', 'dataset');
    if (readManifest(paths, from.dataset).version !== from.version) {
      throw new RagtuiError(
        'unsupported',
        `${from.dataset} ${from.version} is not its current version, and only that can be split.`,
        'Select its rows first: add a limit or a filter.',
      );
    }
    const { by, group, stratify, test, dev, seed } = spec;
    const { manifest, split } = await splitDataset(paths, from.dataset, {
      method: by,
      // Of its own name: other sizes are another split, beside this one.
      name: madeName,
      seed: seed ?? DEFAULT_SEED,
      ...(group === undefined ? {} : { group }),
      ...(stratify === undefined ? {} : { by: stratify }),
      ...(test === undefined ? {} : { test }),
      ...(dev === undefined ? {} : { dev }),
      signal,
    });
    return madeDataset(manifest, split, from.notes);
  },
};
