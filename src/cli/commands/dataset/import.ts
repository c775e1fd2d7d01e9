import path from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import type { ImportOptions, ImportProgress } from '../../../datasets/import.ts';
import type { CommandContext } from '../../context.ts';
import { datasetJson, datasetLines } from '../../dataset-text.ts';
import { handle, type Invocation } from '../../define.ts';
import { clock, megabytes, type Output } from '../../output.ts';
import { name } from './arguments.ts';

const SHOWN_PROBLEMS = 20;

const importOptions = z.object({
  format: z.string().min(1).optional(),
  name: z.string().min(1).optional(),
  kind: z.enum(['qa', 'sft', 'retrieval', 'preference'], 'qa, sft, retrieval or preference').optional(),
  map: z.string().min(1).optional(),
  split: z.string().min(1).optional(),
  subset: z.string().min(1).optional(),
  hub: z.boolean().default(false),
  preview: z.boolean().default(false),
});

/** `ragtui dataset import FILE|FOLDER|hub:NAME`. */
export function addImport(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('import')
      .description('read a file, a folder or a dataset of the hub; bad rows are named and left out')
      .argument('<source>', 'a file, a folder, or hub:owner/name[@revision][:folder]')
      .option(
        '--format <format>',
        'cmrc, squad, financial-qa, alpaca, openai, sharegpt, retrieval, preference, or for any table csv, tsv, json, jsonl, parquet (default: found by the content)',
      )
      .option('--map <map>', 'which column is which field of any table: question=Q,context="C, long",answers=A')
      .option('--kind <kind>', 'qa, sft, retrieval or preference, where a file can be read in several ways')
      .option('--name <name>', 'what to call it (default: the name of the source)')
      .option('--hub', 'the source is a dataset of the hub, as owner/name')
      .option('--split <split>', 'hub: train, test, validation, or all with the parts kept (default: train)')
      .option('--subset <folder>', 'hub: folder of the subset')
      .option('--preview', 'only show the columns, the first rows and how they would be read'),
    invocation,
    { args: name, options: importOptions },
    importSource,
  );
}

async function importSource(
  { out, paths, env, signal }: CommandContext,
  [given]: [string],
  options: z.output<typeof importOptions>,
): Promise<undefined> {
  const source = options.hub && !given.startsWith('hub:') ? `hub:${given}` : given;
  const wish = await wishOf(options);
  if (options.preview) return preview(out, source, wish);
  const { importDataset } = await import('../../../datasets/import.ts');
  const { problemLine } = await import('../../../datasets/problem-line.ts');
  const report = await importDataset(paths, source, {
    ...wish,
    ...(options.name === undefined ? {} : { name: options.name }),
    hub: {
      env,
      ...(options.split === undefined ? {} : { split: options.split }),
      ...(options.subset === undefined ? {} : { subset: options.subset }),
    },
    signal,
    onProgress: progressLine(out),
  });
  const { manifest, added, format, detected, skipped, warnings, problems } = report;
  for (const problem of problems.slice(0, SHOWN_PROBLEMS)) out.note(`${path.basename(given)}, ${problemLine(problem)}`);
  const more = skipped + warnings - Math.min(problems.length, SHOWN_PROBLEMS);
  if (more > 0) out.note(`… and ${more} more.`);
  if (detected) out.note(`Read as ${format}${wish.map ? '' : ', by its content'}.`);
  const { rows, questions, contexts } = manifest;
  const told = { format, detected, added, skipped, warnings, problems };
  out.result({ dataset: datasetJson(manifest), rows, questions, contexts, ...told }, () => [
    added ? `Imported ${manifest.name} ${manifest.version}.` : `${manifest.name} already has exactly these rows.`,
    ...datasetLines(manifest),
    ...(skipped > 0 ? [`skipped    ${skipped} rows that could not be read`] : []),
  ]);
}

async function wishOf({
  format,
  kind,
  map,
}: z.output<typeof importOptions>): Promise<Pick<ImportOptions, 'format' | 'kind' | 'map'>> {
  const { parseColumnMap } = await import('../../../datasets/importers/column-map.ts');
  return {
    ...(format === undefined ? {} : { format }),
    ...(kind === undefined ? {} : { kind }),
    ...(map === undefined ? {} : { map: parseColumnMap(map) }),
  };
}

/** How far, how fast, how long still: by the bytes, since nobody knows the rows. */
function progressLine(out: Output): (progress: ImportProgress) => void {
  const began = performance.now();
  return ({ phase, bytes, total, rows, file }) => {
    const seconds = (performance.now() - began) / 1000;
    const rate = bytes / Math.max(seconds, 0.1);
    const left = rate > 0 && total > bytes ? `, ${clock((total - bytes) / rate)} left` : '';
    const what = phase === 'downloading' ? `${file}: ` : `${rows} rows, `;
    out.progress(`${what}${megabytes(bytes)} of ${megabytes(total)} at ${megabytes(rate)}/s${left}`);
  };
}

async function preview(out: Output, source: string, wish: Parameters<typeof importPreview>[1]): Promise<undefined> {
  const { columnMapText } = await import('../../../datasets/importers/column-map.ts');
  const found = await importPreview(source, wish);
  out.result({ preview: found }, () => [
    `file       ${found.file}${found.files > 1 ? ` (the first of ${found.files})` : ''}, ${megabytes(found.bytes)}`,
    `container  ${found.container}, ${found.encoding}`,
    ...found.columns.map(({ name: column, sample }) => `column     ${column}: ${sample.slice(0, 100)}`),
    ...(found.plan
      ? [
          `read as    ${found.plan.format}, rows of kind ${found.plan.kind}${found.plan.detected ? ' (found by its content)' : ''}`,
          ...(found.plan.map ? [`map        ${columnMapText(found.plan.map)}`] : []),
        ]
      : []),
    ...(found.problem ? [`problem    ${found.problem.message} ${found.problem.hint}`] : []),
    ...found.rows
      .slice(0, 3)
      .map(({ line, row, problem }) => `line ${line}     ${problem ?? JSON.stringify(row).slice(0, 300)}`),
  ]);
}

async function importPreview(source: string, wish: Pick<ImportOptions, 'format' | 'kind' | 'map'>) {
  const { previewFile } = await import('../../../datasets/preview-file.ts');
  return previewFile(source, wish);
}
