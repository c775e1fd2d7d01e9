import { z } from 'zod';
import type { WorkspacePaths } from '../platform/paths.ts';
import { writeContexts } from './contexts.ts';
import { exportFlagEmbedding } from './export-flagembedding.ts';
import { exportLlamaFactory } from './export-llamafactory.ts';
import { importDataset } from './import.ts';
import { bgeInstruction } from './instructions.ts';
import { type AnyDataset, openDataset, openQaDataset } from './open.ts';
import { splitDataset } from './split.ts';
import { datasetKindSchema, splitMethodSchema, splitSchema } from './types.ts';

/** Work on a dataset that a child process does for the screens: it may take longer than a frame. */
export const datasetTaskSchema = z.discriminatedUnion('op', [
  z.object({
    op: z.literal('import'),
    file: z.string(),
    format: z.string(),
    kind: datasetKindSchema.optional(),
    name: z.string().optional(),
  }),
  z.object({
    op: z.literal('split'),
    dataset: z.string(),
    method: splitMethodSchema,
    seed: z.number().int().nonnegative(),
    /** Rows, or a share below 1. */
    test: z.number().positive().optional(),
    dev: z.number().positive().optional(),
  }),
  z.object({
    op: z.literal('export'),
    dataset: z.string(),
    part: z.string(),
    to: z.enum(['llamafactory', 'flagembedding']),
    out: z.string(),
  }),
  /** The contexts of a part as a file that an ingest reads. */
  z.object({ op: z.literal('contexts'), dataset: z.string(), part: z.string() }),
]);
export type DatasetTask = z.infer<typeof datasetTaskSchema>;

export const datasetTaskResultSchema = z.discriminatedUnion('op', [
  z.object({
    op: z.literal('import'),
    dataset: z.string(),
    rows: z.number(),
    added: z.boolean(),
    skipped: z.number(),
    warnings: z.number(),
    /** The first few, in words. */
    problems: z.array(z.string()),
  }),
  z.object({ op: z.literal('split'), dataset: z.string(), split: splitSchema }),
  z.object({ op: z.literal('export'), rows: z.number(), omitted: z.number(), file: z.string() }),
  z.object({ op: z.literal('contexts'), file: z.string(), documents: z.number() }),
]);
export type DatasetTaskResult = z.infer<typeof datasetTaskResultSchema>;

const SHOWN_PROBLEMS = 20;

/** Does one task. Errors: those of the import, the split, the export. */
export async function runDatasetTask(
  paths: WorkspacePaths,
  task: DatasetTask,
  onProgress: (progress: { done: number; total: number; rows: number }) => void,
): Promise<DatasetTaskResult> {
  switch (task.op) {
    case 'import': {
      const { file, format, kind, name } = task;
      const report = await importDataset(paths, file, {
        format,
        ...(kind === undefined ? {} : { kind }),
        ...(name === undefined ? {} : { name }),
        onProgress: ({ bytes, total, rows }) => onProgress({ done: bytes, total, rows }),
      });
      const { manifest, added, skipped, warnings, problems } = report;
      const shown = problems.slice(0, SHOWN_PROBLEMS).map(({ line, message }) => `${line}: ${message}`);
      return { op: 'import', dataset: manifest.name, rows: manifest.rows, added, skipped, warnings, problems: shown };
    }
    case 'split': {
      const { dataset, method, seed, test, dev } = task;
      const { manifest, split } = await splitDataset(paths, dataset, {
        method,
        seed,
        ...(test === undefined ? {} : { test }),
        ...(dev === undefined ? {} : { dev }),
      });
      return { op: 'split', dataset: manifest.name, split };
    }
    case 'export': {
      const dataset = openDataset(paths, task.dataset);
      const part = task.part === 'all' ? undefined : task.part;
      if (task.to === 'llamafactory') {
        const { rows, omitted, rowsFile } = await exportLlamaFactory(dataset, part, task.out);
        return { op: 'export', rows, omitted, file: rowsFile };
      }
      const instruction = instructionOf(dataset);
      const { rows, omitted, file } = await exportFlagEmbedding(dataset, part, task.out, { instruction });
      return { op: 'export', rows, omitted, file };
    }
    case 'contexts': {
      const dataset = openQaDataset(paths, task.dataset);
      return { op: 'contexts', ...(await writeContexts(dataset, task.part === 'all' ? undefined : task.part)) };
    }
  }
}

/** BGE's query instruction in the language of the questions; none for retrieval rows, which have their own. */
const instructionOf = (dataset: AnyDataset): string => (dataset.kind === 'qa' ? bgeInstruction(dataset) : '');
