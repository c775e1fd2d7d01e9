import { createHash } from 'node:crypto';
import path from 'node:path';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { throwIfAborted } from '../platform/files.ts';
import { ensureWorkspace, type WorkspacePaths } from '../platform/paths.ts';
import { type HubOptions, hubInputs, isHubSource, parseHubSource } from './hub.ts';
import { checkWish, type ImportPlan, type ImportWish, planImport, startOf } from './import-plan.ts';
import { columnMapText } from './importers/column-map.ts';
import { type InputFile, localInputs } from './inputs.ts';
import { datasetSlug } from './layout.ts';
import { keepProblems } from './problems.ts';
import { programVersion } from './program-version.ts';
import { type OpenedFile, openFile } from './records/open-file.ts';
import { readRecords } from './records/read.ts';
import { type FileRows, keepFileSplit } from './splits/from-files.ts';
import { publishVersion } from './store.ts';
import { emptyTrash } from './trash.ts';
import type { DatasetManifest, Lineage, RowProblem, SourceFile } from './types.ts';
import { removeDeadStages, VersionWriter } from './version-writer.ts';

/** More are counted, not kept: a wrong format must not fill the memory with a line for each row. */
const KEPT_PROBLEMS = 1000;

export interface ImportProgress {
  readonly phase: 'downloading' | 'reading';
  /** Of all files together. */
  readonly bytes: number;
  readonly total: number;
  readonly rows: number;
  /** The file that is read now. */
  readonly file: string;
}

export interface ImportOptions extends ImportWish {
  /** Default: the source's name without its extension. */
  readonly name?: string;
  /** Of a hub dataset: which split and subset, and how the hub is reached. */
  readonly hub?: HubOptions;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImportProgress) => void;
}

export interface ImportReport {
  readonly manifest: DatasetManifest;
  /** False when the dataset already had exactly these rows. */
  readonly added: boolean;
  readonly format: string;
  /** Whether the format was found rather than named. */
  readonly detected: boolean;
  readonly skipped: number;
  readonly warnings: number;
  /** The first 1,000 of both. */
  readonly problems: readonly RowProblem[];
}

/**
 * Imports a file, all files of a folder, or a dataset of the hub (`hub:owner/name`) as a version of a dataset,
 * streaming. Bad rows are skipped and reported. After an error, a cancel or a kill there is no trace of it.
 * Errors: `not-found`, `usage`, `corrupt`, `invalid` (also when no row is left), `exists`, and the hub's.
 */
export async function importDataset(
  paths: WorkspacePaths,
  source: string,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const name = options.name ?? defaultName(source);
  datasetSlug(name);
  checkWish(options);
  ensureWorkspace(paths);
  removeDeadStages(paths);
  emptyTrash(paths);
  const inputs = isHubSource(source)
    ? await hubInputs(paths, source, hubOptions(options))
    : { name: path.basename(source), files: localInputs(source), done: () => {} };
  const reading = new Reading(paths, inputs.files, options);
  try {
    for (const input of inputs.files) await reading.read(input);
    const report = await publish(paths, reading, name, inputs.name, options);
    inputs.done();
    return report;
  } finally {
    reading.writer.discard();
  }
}

function defaultName(source: string): string {
  return isHubSource(source)
    ? (parseHubSource(source).repo.split('/').at(-1) ?? source)
    : path.parse(source.replace(/\.gz$/i, '')).name;
}

function hubOptions({ hub = {}, signal, onProgress }: ImportOptions): HubOptions {
  return {
    ...hub,
    ...(signal ? { signal } : {}),
    onBytes: (bytes, total, file) => onProgress?.({ phase: 'downloading', bytes, total, rows: 0, file }),
  };
}

/** The rows of all files of one import on their way into one version. */
class Reading {
  readonly writer: VersionWriter;
  readonly problems: RowProblem[] = [];
  readonly counts = { skipped: 0, warning: 0 };
  readonly sources: SourceFile[] = [];
  plan: ImportPlan | undefined;
  private rows = 0;
  private index = 0;
  private bytesBefore = 0;
  private readonly opened: readonly OpenedFile[];
  private readonly total: number;
  private reported = { bytes: 0, at: 0 };

  constructor(
    paths: WorkspacePaths,
    private readonly inputs: readonly InputFile[],
    private readonly options: ImportOptions,
  ) {
    this.opened = inputs.map((input) => openFile(input.path, options.signal));
    this.total = this.opened.reduce((sum, file) => sum + file.size, 0);
    this.writer = new VersionWriter(paths);
  }

  async read(input: InputFile): Promise<void> {
    const file = this.opened[this.inputs.indexOf(input)] ?? openFile(input.path, this.options.signal);
    const before = { rows: this.rows, skipped: this.counts.skipped };
    const plan = await this.planOf(file, input);
    try {
      for await (const batch of readRecords(file, plan.container, plan.listKey)) {
        for (const { line, value } of batch) this.take(plan, input, line, value);
        throwIfAborted(this.options.signal);
        this.report(file, input);
      }
      this.sources.push({
        name: input.name,
        sha256: await file.sha256(),
        bytes: file.size,
        format: plan.importer.format,
        encoding: file.encoding.label,
        rows: this.rows - before.rows,
        skipped: this.counts.skipped - before.skipped,
      });
      this.bytesBefore += file.size;
    } catch (error) {
      throwIfAborted(this.options.signal);
      throw this.inputs.length > 1 ? named(input, error) : toRagtuiError(error);
    }
  }

  /** Which rows came from which file. */
  fileRows(): FileRows[] {
    let first = 0;
    return this.sources.map(({ name: file, rows }) => {
      first += rows;
      return { file, first: first - rows, rows };
    });
  }

  private async planOf(file: OpenedFile, input: InputFile): Promise<ImportPlan> {
    const plan = planImport(file, await startOf(file, this.options), this.options);
    const first = this.plan;
    this.plan ??= plan;
    if (!first || first.importer.kind === plan.importer.kind) return plan;
    throw new RagtuiError(
      'invalid',
      `${input.name} holds ${plan.importer.kind} rows (${plan.importer.format}), the files before it ${first.importer.kind} rows.`,
      'Import them one by one, or name the --format of all of them.',
    );
  }

  private take(plan: ImportPlan, input: InputFile, line: number, value: Readonly<Record<string, unknown>> | string) {
    const index = this.index++;
    if (typeof value === 'string') {
      this.problem(input, { severity: 'skipped', line, message: `${value}.` });
      return;
    }
    for (const imported of plan.importer.rows(value, { line, index })) {
      if ('row' in imported) {
        this.writer.add(imported.row);
        this.rows++;
      } else this.problem(input, imported.problem);
    }
  }

  private problem(input: InputFile, problem: RowProblem): void {
    this.counts[problem.severity]++;
    if (this.problems.length < KEPT_PROBLEMS)
      this.problems.push(this.inputs.length > 1 ? { ...problem, file: input.name } : problem);
  }

  /** At every two-hundredth, and while that takes long, four times a second. */
  private report(file: OpenedFile, input: InputFile): void {
    const now = performance.now();
    const bytes = this.bytesBefore + file.bytes();
    if (bytes - this.reported.bytes < this.total / 200 && now - this.reported.at < 250) return;
    this.reported = { bytes, at: now };
    this.options.onProgress?.({ phase: 'reading', bytes, total: this.total, rows: this.rows, file: input.name });
  }
}

function named(input: InputFile, error: unknown): RagtuiError {
  const { code, message, hint } = toRagtuiError(error);
  return message.includes(input.name) ? toRagtuiError(error) : new RagtuiError(code, `${input.name}: ${message}`, hint);
}

async function publish(
  paths: WorkspacePaths,
  reading: Reading,
  name: string,
  sourceName: string,
  options: ImportOptions,
): Promise<ImportReport> {
  const { writer, counts, problems, plan, sources } = reading;
  const written = writer.finish();
  if (written.rows === 0 || !plan) throw nothingLeft(sourceName, plan?.importer.format ?? '', reading);
  const { kind, format } = plan.importer;
  keepProblems(written.folder, problems);
  const { manifest, added } = await publishVersion(paths, written, {
    name,
    kind,
    lineage: {
      source: wholeSource(sourceName, format, sources),
      ...(sources.length > 1 ? { sources } : {}),
      steps: [
        {
          name: 'import',
          parameters: {
            kind,
            skipped: counts.skipped,
            warnings: counts.warning,
            ...(/^(utf-8|binary)$/.test(sources[0]?.encoding ?? 'utf-8')
              ? {}
              : { encoding: sources[0]?.encoding ?? '' }),
            ...(plan.map ? { map: columnMapText(plan.map) } : {}),
          },
        },
      ],
      programVersion: programVersion(),
      createdAt: new Date().toISOString(),
    },
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const { detected } = plan;
  const kept = await keepFileSplit(paths, manifest, reading.fileRows());
  return { manifest: kept, added, format, detected, skipped: counts.skipped, warnings: counts.warning, problems };
}

/** Of several files: the hash of the lines that `sha256sum` prints for them. */
function wholeSource(name: string, format: string, sources: readonly SourceFile[]): Lineage['source'] {
  const [only] = sources;
  if (only && sources.length === 1) return { name, sha256: only.sha256, bytes: only.bytes, format };
  const hash = createHash('sha256');
  for (const one of sources) hash.update(`${one.sha256}  ${one.name}\n`);
  return { name, sha256: hash.digest('hex'), bytes: sources.reduce((sum, one) => sum + one.bytes, 0), format };
}

function nothingLeft(name: string, format: string, { problems, counts }: Reading): RagtuiError {
  const [first] = problems;
  const why = first ? ` The first of ${counts.skipped}: line ${first.line}: ${first.message}` : '';
  return new RagtuiError('invalid', `${name} holds no row that can be read as ${format}.${why}`, 'Is it that format?');
}
