import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { NumpyRng } from '../../datasets/numpy-rng.ts';
import { type AnyDataset, openDataset } from '../../datasets/open.ts';
import { prepareDataset } from '../../datasets/preparing/prepare.ts';
import { programVersion } from '../../datasets/program-version.ts';
import { DEFAULT_SEED } from '../../datasets/split.ts';
import { publishVersion, readManifest } from '../../datasets/store.ts';
import type { DatasetManifest, DatasetRow } from '../../datasets/types.ts';
import { VersionWriter } from '../../datasets/version-writer.ts';
import { matchesQuery, parseQuery } from '../../datasets/view/query.ts';
import { rowField } from '../../datasets/view/row-texts.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { throwIfAborted } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { SpecOf } from '../plan.ts';
import type { MadeOf } from '../types.ts';
import { datasetThere, madeDataset } from './datasets.ts';
import { needed, partOf, type StepDoer } from './types.ts';

type Select = SpecOf<'select'>;

/** Rows of a part that a filter lets through, so many of them drawn by the seed, as a dataset of its own. */
export const selectStep: StepDoer<'select'> = {
  version: 1,
  facts: () => null,
  there: datasetThere,
  make: async ({ world: { paths, signal }, spec, needs, madeName }) => {
    const from = needed(needs, 'dataset', 'dataset');
    const dataset = openDataset(paths, from.dataset, { version: from.version });
    const part = partOf(from, spec.part, 'all');
    const candidates = dataset.rowNumbers(part);
    const fitting = matching(dataset, candidates, spec);
    const chosen = draw(fitting, spec.limit, spec.seed ?? DEFAULT_SEED);
    if (chosen.length === 0) {
      throw new RagtuiError(
        'invalid',
        `No row of ${from.dataset} (${part}) is as the recipe wants them.`,
        'Let longest, shortest and filter pass more.',
      );
    }
    const notes = [
      `${fitting.length} of ${candidates.length} rows pass ${conditions(spec)}; ${chosen.length} are taken${chosen.length < fitting.length ? `, drawn with seed ${spec.seed ?? DEFAULT_SEED}` : ''}.`,
    ];
    const manifest = await copyRows(paths, dataset, chosen, madeName, signal);
    return madeDataset(manifest, null, notes);
  },
};

const conditions = ({ filter, longest = {}, shortest = {} }: Select): string =>
  [
    ...(filter ? [`"${filter}"`] : []),
    ...Object.entries(longest).map(([field, most]) => `${field} up to ${most} characters`),
    ...Object.entries(shortest).map(([field, least]) => `${field} from ${least} characters`),
  ].join(', ') || 'no condition';

function matching(
  dataset: AnyDataset,
  numbers: readonly number[],
  { filter = '', longest = {}, shortest = {} }: Select,
): number[] {
  const terms = parseQuery(filter);
  const within = (row: DatasetRow): boolean =>
    Object.entries(longest).every(([field, most]) => [...rowField(row, field)].length <= most) &&
    Object.entries(shortest).every(([field, least]) => [...rowField(row, field)].length >= least);
  const kept: number[] = [];
  let at = 0;
  const rows: Iterable<DatasetRow> = dataset.pick(numbers);
  for (const row of rows) {
    const number = numbers[at++] ?? 0;
    if (isWhole(row) && within(row) && matchesQuery(row, terms)) kept.push(number);
  }
  return kept;
}

/** A question without text, context or answer is nothing to learn from or to ask. */
const isWhole = (row: DatasetRow): boolean =>
  !('question' in row) || [row.question, row.context, row.answers[0] ?? ''].every((text) => text.trim() !== '');

/** So many of them, by the first places of a seeded shuffle, in their old order. */
function draw(numbers: readonly number[], limit: number | undefined, seed: number): number[] {
  if (limit === undefined || limit >= numbers.length) return [...numbers];
  const places = new NumpyRng(seed).permutation(numbers.length).slice(0, limit);
  return places.sort((a, b) => a - b).flatMap((place) => numbers[place] ?? []);
}

async function copyRows(
  paths: WorkspacePaths,
  dataset: AnyDataset,
  numbers: Iterable<number>,
  name: string,
  signal: AbortSignal,
): Promise<DatasetManifest> {
  const { manifest } = dataset;
  const writer = new VersionWriter(paths);
  try {
    const rows: Iterable<DatasetRow> = dataset.pick(numbers);
    for (const row of rows) {
      throwIfAborted(signal);
      writer.add(row);
    }
    const written = writer.finish();
    const published = await publishVersion(paths, written, {
      name,
      kind: manifest.kind,
      lineage: {
        ...manifest.lineage,
        steps: [
          ...manifest.lineage.steps,
          { name: 'select', parameters: { from: `${manifest.name}@${manifest.version}`, rows: written.rows } },
        ],
        programVersion: programVersion(),
        createdAt: new Date().toISOString(),
      },
    });
    return published.manifest;
  } finally {
    writer.discard();
  }
}

/** Check, careful fixes, near copies together in one part, leaking training rows dropped; on a copy of the rows. */
export const prepareStep: StepDoer<'prepare'> = {
  version: 1,
  facts: () => null,
  there: datasetThere,
  make: async ({ world: { paths, signal }, spec, needs, madeName, tell }): Promise<MadeOf<'dataset'>> => {
    const from = needed(needs, 'dataset', 'dataset');
    const dataset = openDataset(paths, from.dataset, { version: from.version });
    await copyRows(paths, dataset, dataset.rowNumbers(), madeName, signal);
    const { test, dev, fix, seed } = spec;
    const folder = path.join(paths.exports, madeName);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const prepared = await prepareDataset(paths, madeName, folder, {
      targets: [],
      ...(test === undefined ? {} : { test }),
      ...(dev === undefined ? {} : { dev }),
      ...(fix === undefined ? {} : { fix }),
      seed: seed ?? DEFAULT_SEED,
      signal,
      onProgress: ({ phase, done, total }) => tell({ phase, done, total, unit: 'rows' }),
    });
    const manifest = readManifest(paths, madeName, prepared.version);
    const leaks = prepared.leaksDropped;
    return madeDataset(manifest, manifest.splits.find(({ name }) => name === prepared.split.name) ?? prepared.split, [
      ...from.notes,
      ...(prepared.fixed ? [`Fixes: ${prepared.fixed.changed} rows changed, ${prepared.fixed.dropped} dropped.`] : []),
      `Leaks: ${leaks} training rows that leak into another part were dropped.`,
    ]);
  },
};
