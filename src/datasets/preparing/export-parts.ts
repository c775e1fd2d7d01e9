import { renameSync } from 'node:fs';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { exportDataset } from '../exporters/registry.ts';
import { exportFile } from '../exporters/rows.ts';
import { bgeInstruction } from '../instructions.ts';
import { USUAL_AUDIT } from '../making/types.ts';
import { prepareNegatives } from '../negatives/prepare.ts';
import { DEFAULT_NEGATIVES } from '../negatives/random.ts';
import { makeNegatives } from '../negatives/run.ts';
import { openDataset } from '../open.ts';
import { DEFAULT_SEED } from '../split.ts';
import type { Split } from '../types.ts';
import type { Prepared, Target } from './types.ts';

export interface ExportPartsOptions {
  readonly targets: readonly Target[];
  readonly negatives: number | undefined;
  readonly seed: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (done: number, total: number) => void;
}

/** Counts of what a making job logs are in what it returns. */
const SILENT = { log() {}, metric() {}, artifact() {}, error() {}, ready() {} };
const FORMATS = { llm: 'llamafactory', embedder: 'flagembedding' } as const;

/** Writes every part of a split for each target; questions become retrieval rows with audited negatives first. */
export async function exportParts(
  paths: WorkspacePaths,
  name: string,
  split: Split,
  folder: string,
  options: ExportPartsOptions,
): Promise<Pick<Prepared, 'retrieval' | 'files'>> {
  const dataset = openDataset(paths, name);
  const retrieval =
    dataset.kind === 'qa' && options.targets.includes('embedder')
      ? await auditedNegatives(paths, name, `${split.name}/train`, options)
      : null;
  const files: Prepared['files'] = [];
  for (const target of options.targets) {
    for (const part of split.parts) {
      options.signal?.throwIfAborted();
      const audited = target === 'embedder' && part.name === 'train' && retrieval !== null;
      const { rows, omitted, notes, ...written } = await exportDataset(
        audited ? openDataset(paths, retrieval.dataset, { version: retrieval.version }) : dataset,
        FORMATS[target],
        audited ? undefined : `${split.name}/${part.name}`,
        folder,
        seeded(options),
      );
      // Beside the other parts it is called as they are, not by the dataset of its negatives.
      const file = audited
        ? exportFile(dataset, `${split.name}/${part.name}`, folder, '-retrieval.jsonl')
        : written.file;
      if (file !== written.file) renameSync(written.file, file);
      files.push({ target, part: part.name, rows, omitted, file, notes: [...notes] });
    }
  }
  return { retrieval, files };
}

const seeded = ({ seed, negatives }: ExportPartsOptions) => ({
  ...(seed === undefined ? {} : { seed }),
  ...(negatives === undefined ? {} : { negatives }),
});

/** Random negatives of the training part alone; those that hold the answer or are the positive in other words are set apart. */
async function auditedNegatives(
  paths: WorkspacePaths,
  name: string,
  part: string,
  options: ExportPartsOptions,
): Promise<NonNullable<Prepared['retrieval']>> {
  const dataset = openDataset(paths, name);
  const { making } = await prepareNegatives(paths, {
    dataset: name,
    part,
    seed: options.seed ?? DEFAULT_SEED,
    instruction: dataset.kind === 'qa' ? bgeInstruction(dataset) : '',
    sources: [{ from: 'random', count: options.negatives ?? DEFAULT_NEGATIVES }],
    kb: null,
    margin: null,
    fill: true,
    audit: USUAL_AUDIT,
    concurrency: 1,
  });
  const made = await makeNegatives(
    {
      paths,
      // Only an LLM that judges keeps a journal there.
      folder: paths.datasets,
      report: { ...SILENT, progress: ({ done, total }) => options.onProgress(done, total) },
      signal: options.signal ?? new AbortController().signal,
    },
    making,
  );
  const quarantined = Object.entries(made.counts)
    .filter(([key]) => key.startsWith('quarantined'))
    .reduce((sum, [, count]) => sum + count, 0);
  return { dataset: made.dataset, version: made.version, rows: made.rows, quarantined };
}
