import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import path from 'node:path';
import { throwIfAborted } from '../models/files.ts';
import { errnoOf, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { ensureWorkspace, type WorkspacePaths } from '../platform/paths.ts';
import { type AnyImporter, findImporter } from './importers/registry.ts';
import { datasetSlug } from './layout.ts';
import { programVersion } from './program-version.ts';
import { publishVersion } from './store.ts';
import type { DatasetKind, DatasetManifest, RowProblem } from './types.ts';
import { removeDeadStages, VersionWriter } from './version-writer.ts';

/** More are counted, not kept: a wrong format must not fill the memory with a line for each row. */
const KEPT_PROBLEMS = 1000;

export interface ImportOptions {
  readonly format: string;
  /** For formats that can be read in two ways (`alpaca`: sft or qa). */
  readonly kind?: DatasetKind;
  /** Default: the file's name without its extension. */
  readonly name?: string;
  readonly signal?: AbortSignal;
  /** Bytes read so far and in all, and rows made. */
  readonly onProgress?: (progress: { bytes: number; total: number; rows: number }) => void;
}

export interface ImportReport {
  readonly manifest: DatasetManifest;
  /** False when the dataset already had exactly these rows. */
  readonly added: boolean;
  readonly skipped: number;
  readonly warnings: number;
  /** The first 1,000 of both. */
  readonly problems: readonly RowProblem[];
}

/**
 * Imports a file as a version of a dataset, streaming. Bad rows are skipped and reported. After an error or a kill
 * there is no trace of it. Errors: `not-found`, `usage`, `corrupt`, `invalid` (also when no row is left), `exists`.
 */
export async function importDataset(
  paths: WorkspacePaths,
  file: string,
  options: ImportOptions,
): Promise<ImportReport> {
  const importer = findImporter(options.format, options.kind);
  const name = options.name ?? path.parse(file).name;
  datasetSlug(name);
  const source = openSource(file, options);
  ensureWorkspace(paths);
  removeDeadStages(paths);
  const writer = new VersionWriter(paths);
  try {
    const problems = await readInto(writer, importer, source, options);
    const written = writer.finish();
    if (written.rows === 0) throw nothingLeft(source.name, importer.format, problems);
    const { manifest, added } = await publishVersion(paths, written, {
      name,
      kind: importer.kind,
      lineage: {
        source: { name: source.name, sha256: source.sha256(), bytes: source.bytes(), format: importer.format },
        steps: [
          {
            name: 'import',
            parameters: { kind: importer.kind, skipped: problems.skipped, warnings: problems.warnings },
          },
        ],
        programVersion: programVersion(),
        createdAt: new Date().toISOString(),
      },
      ...(options.signal ? { signal: options.signal } : {}),
    });
    return { manifest, added, ...problems };
  } finally {
    writer.discard();
  }
}

interface Problems {
  readonly skipped: number;
  readonly warnings: number;
  readonly problems: readonly RowProblem[];
}

async function readInto(
  writer: VersionWriter,
  importer: AnyImporter,
  source: Source,
  options: ImportOptions,
): Promise<Problems> {
  const counts = { skipped: 0, warning: 0 };
  const problems: RowProblem[] = [];
  let rows = 0;
  try {
    for await (const imported of importer.read(source)) {
      if ('row' in imported) {
        writer.add(imported.row);
        rows++;
      } else {
        counts[imported.problem.severity]++;
        if (problems.length < KEPT_PROBLEMS) problems.push(imported.problem);
      }
      if (rows % 1000 === 0) {
        throwIfAborted(options.signal);
        options.onProgress?.({ bytes: source.bytes(), total: source.total, rows });
      }
    }
  } catch (error) {
    throw notText(source.name, error);
  }
  return { skipped: counts.skipped, warnings: counts.warning, problems };
}

function notText(name: string, error: unknown): unknown {
  if (errnoOf(error) !== 'ERR_ENCODING_INVALID_ENCODED_DATA') return toRagtuiError(error);
  return new RagtuiError('corrupt', `${name} is not UTF-8 text.`, 'Convert it, e.g. iconv -f GB18030 -t UTF-8.');
}

function nothingLeft(name: string, format: string, { problems, skipped }: Problems): RagtuiError {
  const [first] = problems;
  const why = first ? ` The first of ${skipped}: line ${first.line}: ${first.message}` : '';
  return new RagtuiError('invalid', `${name} holds no row that can be read as ${format}.${why}`, 'Is it that format?');
}

interface Source {
  readonly name: string;
  readonly total: number;
  readonly text: AsyncIterable<string>;
  bytes(): number;
  /** Of the bytes as they are; right once all of `text` was read. */
  sha256(): string;
}

/** A file as text in pieces, hashed on the way. */
function openSource(file: string, { signal }: ImportOptions): Source {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new RagtuiError('not-found', `There is no file ${file}.`, 'Name a file that exists.');
  const hash = createHash('sha256');
  let bytes = 0;
  async function* pieces(): AsyncGenerator<string> {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18, ...(signal ? { signal } : {}) })) {
      const piece: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      hash.update(piece);
      bytes += piece.length;
      const text = decoder.decode(piece, { stream: true });
      if (text !== '') yield text;
    }
    const rest = decoder.decode();
    if (rest !== '') yield rest;
  }
  return {
    name: path.basename(file),
    total: stat.size,
    text: pieces(),
    bytes: () => bytes,
    sha256: () => hash.copy().digest('hex'),
  };
}
