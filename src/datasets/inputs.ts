import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { dataExtension } from './records/extension.ts';

const READ_EXTENSIONS = new Set(['.json', '.jsonl', '.ndjson', '.csv', '.tsv', '.parquet']);
/** About data, not data. */
const DESCRIPTIONS = new Set(['dataset_info.json', 'dataset_infos.json', 'dataset_dict.json', 'state.json']);

/** A file to import and how it is called in the lineage: its path within the folder or the hub's dataset. */
export interface InputFile {
  readonly path: string;
  readonly name: string;
}

/** Whether a file's name says that it holds rows. */
export const isDataFile = (file: string): boolean =>
  READ_EXTENSIONS.has(dataExtension(file)) && !DESCRIPTIONS.has(path.basename(file));

/** A file as it is, or all files with rows below a folder, by name. Errors: `not-found`, `unsupported` for a pipe. */
export function localInputs(source: string): InputFile[] {
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat?.isFile()) return [{ path: source, name: path.basename(source) }];
  if (!stat) throw new RagtuiError('not-found', `There is no file ${source}.`, 'Name a file or folder that exists.');
  if (!stat.isDirectory()) {
    throw new RagtuiError(
      'unsupported',
      `${source} is neither a file nor a folder.`,
      'A pipe cannot be read twice: write what it brings into a file first.',
    );
  }
  const found = filesBelow(source).filter(isDataFile);
  if (found.length > 0) return found.map((name) => ({ path: path.join(source, name), name }));
  throw new RagtuiError(
    'not-found',
    `The folder ${source} holds no file with rows.`,
    `Files that end in ${[...READ_EXTENSIONS].join(', ')} are read, also with .gz behind it.`,
  );
}

function filesBelow(folder: string): string[] {
  try {
    return (
      readdirSync(folder, { withFileTypes: true, recursive: true })
        // Folders that the hub's own tools download hold links to files; links to folders may lead in circles.
        .filter((entry) => entry.isFile() || entry.isSymbolicLink())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
        .filter((name) => !name.split(path.sep).some((part) => part.startsWith('.')))
        .filter((name) => statSync(path.join(folder, name), { throwIfNoEntry: false })?.isFile())
        .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    );
  } catch (error) {
    throw errnoOf(error) ? toRagtuiError(error) : error;
  }
}
