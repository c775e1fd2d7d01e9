import { readFileSync } from 'node:fs';
import { toRagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { datasetSlug } from '../layout.ts';
import { openDataset } from '../open.ts';
import { sftMaker } from './sft.ts';
import { chooseTemplate } from './template.ts';
import type { MakingOf } from './types.ts';

type Work = MakingOf<'sft'>;

export interface FormWish {
  /** A prompt by name, or a file with `{context}` and `{question}`. */
  readonly prompt: string;
  readonly markers?: string | undefined;
  /** File of a JSON Schema. */
  readonly schemaFile?: string | undefined;
}

/** Template, marks and schema of training rows; files are read now. Errors: `not-found`, `invalid`. */
export function chooseForm(
  paths: WorkspacePaths,
  { prompt, markers, schemaFile }: FormWish,
): Pick<Work, 'template' | 'markers' | 'schema'> {
  const template = chooseTemplate(paths, prompt);
  const form = { template, markers: markers ?? null, schema: schemaFile === undefined ? null : readText(schemaFile) };
  // What is wrong with the template or the schema is said now.
  sftMaker(paths, form);
  return form;
}

/** The work of a job that renders training rows, and of how many rows. Errors: `not-found`, `usage`. */
export function prepareSft(
  paths: WorkspacePaths,
  wish: FormWish & { readonly dataset: string; readonly part: string; readonly as?: string | undefined },
): { making: Work; rows: number } {
  const dataset = openDataset(paths, wish.dataset);
  const { name, version } = dataset.manifest;
  const as = wish.as ?? `${name}-sft`;
  datasetSlug(as);
  return {
    making: { what: 'sft', dataset: name, version, part: wish.part, as, ...chooseForm(paths, wish) },
    rows: dataset.count(wish.part),
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw toRagtuiError(error);
  }
}
